<?php
/**
 * Offers for customers of a tier alone: coupons of the store that name the tiers they are for.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

const COUPON_TIERS = 'bazgasht_tiers';

add_action( 'woocommerce_coupon_options_usage_restriction', __NAMESPACE__ . '\show_tiers_of', 10, 2 );
add_action( 'woocommerce_coupon_options_save', __NAMESPACE__ . '\keep_tiers_of', 10, 2 );
add_filter( 'woocommerce_coupon_is_valid', __NAMESPACE__ . '\only_for_its_tiers', 10, 3 );

/**
 * Print the field beside the coupon's other restrictions.
 *
 * @param int        $id     The coupon's number.
 * @param \WC_Coupon $coupon The coupon.
 */
function show_tiers_of( int $id, \WC_Coupon $coupon ): void {
	woocommerce_wp_text_input(
		array(
			'id'          => COUPON_TIERS,
			'label'       => __( 'Tiers of the points programme', 'bazgasht' ),
			'placeholder' => __( 'Everybody', 'bazgasht' ),
			'description' => __( 'Only customers who have one of these tiers can use the coupon. Put commas between them.', 'bazgasht' ),
			'desc_tip'    => true,
			'value'       => (string) $coupon->get_meta( COUPON_TIERS ),
		)
	);
}

/**
 * Keep what was typed; WooCommerce has checked whose form it is.
 *
 * @param int        $id     The coupon's number.
 * @param \WC_Coupon $coupon The coupon.
 */
function keep_tiers_of( int $id, \WC_Coupon $coupon ): void {
	if ( ! isset( $_POST[ COUPON_TIERS ] ) ) {
		return;
	}
	$typed = sanitize_text_field( wp_unslash( $_POST[ COUPON_TIERS ] ) );
	$coupon->update_meta_data( COUPON_TIERS, implode( ', ', tiers_in( $typed ) ) );
	$coupon->save_meta_data();
}

/**
 * Refuse a coupon to whoever has none of the tiers it is for.
 *
 * @param mixed      $is_valid  What was found so far.
 * @param \WC_Coupon $coupon    The coupon.
 * @param mixed      $discounts WooCommerce's discounts of a cart, or of an order that a merchant changes.
 * @return mixed
 * @throws \Exception The coupon is for others, which WooCommerce shows.
 */
function only_for_its_tiers( $is_valid, \WC_Coupon $coupon, $discounts = null ) {
	$tiers = tiers_in( (string) $coupon->get_meta( COUPON_TIERS ) );
	if ( ! $is_valid || ! $tiers ) {
		return $is_valid;
	}
	$lowered  = $discounts instanceof \WC_Discounts ? $discounts->get_object() : null;
	$customer = $lowered instanceof \WC_Abstract_Order ? $lowered->get_customer_id() : get_current_user_id();
	$has      = array( field( $customer, 'tier' ), field( $customer, 'tier_second_name' ) );
	if ( array_intersect( array_map( 'strtolower', $tiers ), array_map( 'strtolower', array_filter( $has ) ) ) ) {
		return $is_valid;
	}
	/* translators: %s: names of tiers */
	throw new \Exception( esc_html( sprintf( __( 'This coupon is for customers of the tier %s.', 'bazgasht' ), isolated( implode( ', ', $tiers ) ) ) ) );
}

/**
 * The names of tiers in a list with Latin or Persian commas.
 *
 * @param string $text The list.
 * @return string[]
 */
function tiers_in( string $text ): array {
	return array_values( array_filter( array_map( 'trim', (array) preg_split( '/[,،]/u', $text ) ), 'strlen' ) );
}
