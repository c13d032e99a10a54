<?php
/**
 * The page "Points" of My Account, of $shown, $offer, $most, $coupons and $request.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;
?>
<div class="bazgasht">
<?php if ( null === $shown ) : ?>
	<p><?php esc_html_e( 'You have no points yet. They come with your next purchase.', 'bazgasht' ); ?></p>
<?php else : ?>
	<dl class="bazgasht-figures">
		<div>
			<dt><?php esc_html_e( 'Points to spend', 'bazgasht' ); ?></dt>
			<dd><strong><?php echo esc_html( number_format_i18n( $shown['points'] ) ); ?></strong></dd>
		</div>
		<?php if ( $offer && '' !== price_html( $shown['value'] ) ) : ?>
		<div>
			<dt><?php esc_html_e( 'They are worth', 'bazgasht' ); ?></dt>
			<dd><?php echo wp_kses_post( price_html( $shown['value'] ) ); ?></dd>
		</div>
		<?php endif; ?>
		<?php if ( $shown['pending'] > 0 ) : ?>
		<div>
			<dt><?php esc_html_e( 'Not yet to be spent', 'bazgasht' ); ?></dt>
			<dd><?php echo esc_html( number_format_i18n( $shown['pending'] ) ); ?></dd>
		</div>
		<?php endif; ?>
		<?php if ( '' !== $shown['expires_on'] && $shown['expiring'] > 0 ) : ?>
		<div>
			<dt><?php esc_html_e( 'Next to expire', 'bazgasht' ); ?></dt>
			<dd>
				<?php
				/* translators: 1: a number of points, 2: a date */
				echo esc_html( sprintf( __( '%1$s on %2$s', 'bazgasht' ), number_format_i18n( $shown['expiring'] ), day_text( $shown['expires_on'] ) ) );
				?>
			</dd>
		</div>
		<?php endif; ?>
		<?php if ( '' !== $shown['tier'] ) : ?>
		<div>
			<dt><?php esc_html_e( 'Your tier', 'bazgasht' ); ?></dt>
			<dd><bdi><?php echo esc_html( $shown['tier'] ); ?></bdi></dd>
		</div>
		<?php endif; ?>
	</dl>
<?php endif; ?>

<?php if ( $offer && $most >= $offer['least'] ) : ?>
	<form class="bazgasht-redeem" method="post">
		<p class="woocommerce-form-row form-row">
			<label for="bazgasht-points"><?php esc_html_e( 'Points to redeem for a coupon', 'bazgasht' ); ?></label>
			<input class="woocommerce-Input input-text" type="number" inputmode="numeric" id="bazgasht-points" name="points" required min="<?php echo esc_attr( (string) $offer['least'] ); ?>" max="<?php echo esc_attr( (string) $most ); ?>" step="<?php echo esc_attr( (string) $offer['step'] ); ?>" value="<?php echo esc_attr( (string) $most ); ?>">
		</p>
		<input type="hidden" name="bazgasht_action" value="<?php echo esc_attr( ACTION_REDEEM ); ?>">
		<input type="hidden" name="request" value="<?php echo esc_attr( $request ); ?>">
		<?php wp_nonce_field( ACTION_REDEEM, NONCE ); ?>
		<button class="woocommerce-Button button" type="submit"><?php esc_html_e( 'Redeem', 'bazgasht' ); ?></button>
	</form>
<?php elseif ( $offer ) : ?>
	<p>
		<?php
		/* translators: %s: a number of points */
		echo esc_html( sprintf( __( 'From %s points on you can redeem them for a coupon.', 'bazgasht' ), number_format_i18n( $offer['least'] ) ) );
		?>
	</p>
<?php endif; ?>

<?php if ( $coupons ) : ?>
	<h3><?php esc_html_e( 'Your coupons', 'bazgasht' ); ?></h3>
	<ul class="bazgasht-coupons">
	<?php foreach ( $coupons as $coupon ) : ?>
		<li>
			<code dir="ltr"><?php echo esc_html( $coupon->get_code() ); ?></code>
			<span><?php echo wp_kses_post( wc_price( $coupon->get_amount() ) ); ?></span>
			<?php if ( $coupon->get_date_expires() ) : ?>
			<span>
				<?php
				/* translators: %s: a date */
				echo esc_html( sprintf( __( 'until %s', 'bazgasht' ), isolated( wc_format_datetime( $coupon->get_date_expires() ) ) ) );
				?>
			</span>
			<?php endif; ?>
			<?php if ( (float) $coupon->get_minimum_amount() > 0 ) : ?>
			<span>
				<?php
				/* translators: %s: an amount of money */
				echo wp_kses_post( sprintf( __( 'for orders of at least %s', 'bazgasht' ), wc_price( $coupon->get_minimum_amount() ) ) );
				?>
			</span>
			<?php endif; ?>
			<button class="button" type="button" data-bazgasht-copy="<?php echo esc_attr( $coupon->get_code() ); ?>" data-bazgasht-copied="<?php esc_attr_e( 'Copied', 'bazgasht' ); ?>" hidden><?php esc_html_e( 'Copy', 'bazgasht' ); ?></button>
			<form method="post">
				<input type="hidden" name="bazgasht_action" value="<?php echo esc_attr( ACTION_USE ); ?>">
				<input type="hidden" name="code" value="<?php echo esc_attr( $coupon->get_code() ); ?>">
				<?php wp_nonce_field( ACTION_USE, NONCE ); ?>
				<button class="button" type="submit"><?php esc_html_e( 'Use in my cart', 'bazgasht' ); ?></button>
			</form>
		</li>
	<?php endforeach; ?>
	</ul>
<?php endif; ?>
</div>
