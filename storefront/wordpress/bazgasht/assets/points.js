/**
 * The buttons that copy a coupon's code. Without the script they are not shown.
 */
( () => {
	if ( ! navigator.clipboard ) {
		return;
	}
	document.querySelectorAll( '[data-bazgasht-copy]' ).forEach( ( button ) => {
		const text = button.textContent;
		button.hidden = false;
		button.addEventListener( 'click', async () => {
			await navigator.clipboard.writeText( button.dataset.bazgashtCopy );
			button.textContent = button.dataset.bazgashtCopied;
			setTimeout( () => {
				button.textContent = text;
			}, 2000 );
		} );
	} );
} )();
