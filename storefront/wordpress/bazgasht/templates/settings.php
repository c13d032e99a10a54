<?php
/**
 * The settings, of $told and $has_key.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

list( $is_well, $message ) = connection( $told );
?>
<div class="wrap">
	<h1><?php esc_html_e( 'Bazgasht', 'bazgasht' ); ?></h1>
	<?php settings_errors( PAGE ); ?>
	<div class="notice inline <?php echo $is_well ? 'notice-success' : 'notice-warning'; ?>"><p><?php echo esc_html( $message ); ?></p></div>
	<form action="options.php" method="post">
		<?php settings_fields( PAGE ); ?>
		<table class="form-table" role="presentation">
			<tr>
				<th scope="row"><label for="bazgasht-address"><?php esc_html_e( 'The app’s address', 'bazgasht' ); ?></label></th>
				<td><input class="large-text code" dir="ltr" type="url" id="bazgasht-address" name="<?php echo esc_attr( OPTION_ADDRESS ); ?>" value="<?php echo esc_attr( (string) get_option( OPTION_ADDRESS, '' ) ); ?>" placeholder="https://…/storefront/…"></td>
			</tr>
			<tr>
				<th scope="row"><label for="bazgasht-key"><?php esc_html_e( 'Key', 'bazgasht' ); ?></label></th>
				<td>
					<input class="large-text code" dir="ltr" type="password" id="bazgasht-key" name="<?php echo esc_attr( OPTION_KEY ); ?>" value="" autocomplete="off">
					<p class="description">
						<?php
						if ( $has_key ) {
							esc_html_e( 'A key is saved. Leave this empty to keep it.', 'bazgasht' );
						} else {
							esc_html_e( 'Whoever has the key can redeem points of your customers and read their data: show it to nobody.', 'bazgasht' );
						}
						?>
					</p>
				</td>
			</tr>
		</table>
		<?php submit_button(); ?>
	</form>
</div>
