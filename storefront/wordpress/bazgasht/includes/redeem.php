<?php
/**
 * What a customer does on the page: redeeming points, and putting a coupon into the cart.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

const ACTION_REDEEM   = 'bazgasht-redeem';
const ACTION_USE      = 'bazgasht-use';
const NONCE           = '_bazgasht_nonce';
const SESSION_PENDING = 'bazgasht_pending';

add_action( 'template_redirect', __NAMESPACE__ . '\handle_form' );

/**
 * Do what a form of the page asks for, then show a page by its own address, so that loading it
 * again sends nothing again.
 */
function handle_form(): void {
	$action = isset( $_POST['bazgasht_action'] ) ? sanitize_key( wp_unslash( $_POST['bazgasht_action'] ) ) : '';
	$is_ours = in_array( $action, array( ACTION_REDEEM, ACTION_USE ), true );
	if ( ! $is_ours || ! is_user_logged_in() || ! function_exists( 'WC' ) ) {
		return;
	}
	$nonce = isset( $_POST[ NONCE ] ) ? sanitize_key( wp_unslash( $_POST[ NONCE ] ) ) : '';
	$next  = wc_get_account_endpoint_url( ENDPOINT );
	if ( ! wp_verify_nonce( $nonce, $action ) ) {
		wc_add_notice( __( 'The page was open for too long. Try again.', 'bazgasht' ), 'error' );
	} elseif ( ACTION_REDEEM === $action ) {
		$points  = isset( $_POST['points'] ) ? sanitize_text_field( wp_unslash( $_POST['points'] ) ) : '';
		$request = isset( $_POST['request'] ) ? sanitize_text_field( wp_unslash( $_POST['request'] ) ) : '';
		redeem( get_current_user_id(), whole_number( $points ), $request );
	} else {
		$code = isset( $_POST['code'] ) ? wc_format_coupon_code( sanitize_text_field( wp_unslash( $_POST['code'] ) ) ) : '';
		$next = use_coupon( $code ) ? wc_get_cart_url() : $next;
	}
	wp_safe_redirect( $next );
	exit;
}

/**
 * A number as typed, with Persian, Arabic or Latin digits; 0 when it is none.
 *
 * @param string $text What was typed.
 */
function whole_number( string $text ): int {
	$digits = array( '۰', '۱', '۲', '۳', '۴', '۵', '۶', '۷', '۸', '۹', '٠', '١', '٢', '٣', '٤', '٥', '٦', '٧', '٨', '٩' );
	$text   = str_replace( $digits, array( ...range( 0, 9 ), ...range( 0, 9 ) ), $text );
	return preg_match( '/^[0-9]{1,9}$/D', $text ) ? (int) $text : 0;
}

/**
 * Redeem points through the app, and tell the customer what came of it.
 *
 * A request whose answer was lost is sent again under the same name, so that it makes no second
 * coupon.
 *
 * @param int    $customer The customer's number.
 * @param int    $points   How many points.
 * @param string $request  What names the request, from the form.
 */
function redeem( int $customer, int $points, string $request ): void {
	$pending = WC()->session->get( SESSION_PENDING );
	if ( is_array( $pending ) && $pending['points'] === $points ) {
		$request = $pending['request'];
	}
	if ( ! wp_is_uuid( $request, 4 ) ) {
		$request = wp_generate_uuid4();
	}
	WC()->session->set(
		SESSION_PENDING,
		array(
			'points'  => $points,
			'request' => $request,
		)
	);
	$told = ask( 'POST', 'redeem', (string) $customer, array( 'points' => $points ), $request, 20 );
	if ( is_wp_error( $told ) ) {
		wc_add_notice( $told->get_error_message(), 'error' );
		return;
	}
	$is_open = $told['status'] >= 500 || 429 === $told['status'];
	if ( ! $is_open ) {
		WC()->session->set( SESSION_PENDING, null );
	}
	if ( 200 === $told['status'] ) {
		wc_add_notice( __( 'Your coupon is here. Put it into your cart, or keep it for later.', 'bazgasht' ) );
	} else {
		wc_add_notice( esc_html( message_of( $told['answer'] ) ), 202 === $told['status'] ? 'notice' : 'error' );
	}
	if ( 422 === $told['status'] ) {
		delete_transient( TRANSIENT_OFFER );
	}
}

/**
 * Put one of the customer's own coupons into the cart, and return whether it is in there.
 *
 * @param string $code The coupon's code.
 */
function use_coupon( string $code ): bool {
	foreach ( coupons_of( wp_get_current_user() ) as $coupon ) {
		if ( $coupon->get_code() === $code ) {
			return WC()->cart->has_discount( $code ) || WC()->cart->apply_coupon( $code );
		}
	}
	wc_add_notice( __( 'This coupon cannot be used any more.', 'bazgasht' ), 'error' );
	return false;
}
