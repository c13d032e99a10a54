<?php
/**
 * What this store knows of a customer's points: the fields that the app has written, and coupons.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

const COUPON_MARK  = 'bazgasht_reward';
const SHOWN_COUPONS = 20;

/**
 * A customer's points as the app wrote them into the account; null before it has written any.
 *
 * @param int $customer The customer's number.
 * @return array{points: int, pending: int, expires_on: string, expiring: int, value: string, tier: string}|null
 */
function points_of( int $customer ): ?array {
	$points = field( $customer, 'points' );
	if ( ! preg_match( '/^-?[0-9]{1,18}$/D', $points ) ) {
		return null;
	}
	$day = field( $customer, 'points_next_expiry' );
	return array(
		'points'     => (int) $points,
		'pending'    => (int) field( $customer, 'points_pending' ),
		'expires_on' => preg_match( '/^[0-9]{4}-[0-9]{2}-[0-9]{2}$/D', $day ) ? $day : '',
		'expiring'   => (int) field( $customer, 'points_expiring' ),
		'value'      => field( $customer, 'points_value' ),
		'tier'       => tier_name( field( $customer, 'tier' ), field( $customer, 'tier_second_name' ), is_rtl() ),
	);
}

/**
 * One of the fields that the app writes, empty when it has not.
 *
 * @param int    $customer The customer's number.
 * @param string $name     The field's name without the prefix.
 */
function field( int $customer, string $name ): string {
	$text = get_user_meta( $customer, 'bazgasht_' . $name, true );
	return is_scalar( $text ) ? (string) $text : '';
}

/**
 * That of a tier's two names which is in the reader's script.
 *
 * @param string $name   The name.
 * @param string $second The name in a second language, if it has one.
 * @param bool   $is_rtl Whether the reader's script runs from right to left.
 */
function tier_name( string $name, string $second, bool $is_rtl ): string {
	foreach ( array( $name, $second ) as $candidate ) {
		if ( '' !== $candidate && (bool) preg_match( '/\p{Arabic}/u', $candidate ) === $is_rtl ) {
			return $candidate;
		}
	}
	return $name;
}

/**
 * An amount such as "12.50 EUR" as the shop writes its prices.
 *
 * @param string $amount The amount with its currency.
 */
function price_html( string $amount ): string {
	if ( ! preg_match( '/^([0-9]+(?:\.[0-9]+)?) ([A-Z]{3,4})$/D', $amount, $parts ) ) {
		return '';
	}
	return wc_price( $parts[1], array( 'currency' => $parts[2] ) );
}

/**
 * A day as the shop writes its dates.
 *
 * @param string $day Such as 2026-11-30.
 */
function day_text( string $day ): string {
	$noon = date_create_immutable( $day . ' 12:00', wp_timezone() );
	return $noon ? isolated( (string) wp_date( (string) get_option( 'date_format' ), $noon->getTimestamp() ) ) : '';
}

/**
 * A text that keeps its own direction inside another: a date's digits are not turned round.
 *
 * @param string $text The text.
 */
function isolated( string $text ): string {
	return "\u{2068}{$text}\u{2069}";
}

/**
 * The coupons that a customer got for points and can still use, newest first.
 *
 * @param \WP_User $customer The customer.
 * @return \WC_Coupon[]
 */
function coupons_of( \WP_User $customer ): array {
	$email = strtolower( $customer->user_email );
	if ( '' === $email ) {
		return array();
	}
	$found = get_posts(
		array(
			'post_type'   => 'shop_coupon',
			'post_status' => 'publish',
			'numberposts' => SHOWN_COUPONS,
			'fields'      => 'ids',
			'meta_query'  => array(
				array(
					'key'     => COUPON_MARK,
					'compare' => 'EXISTS',
				),
				array(
					'key'     => 'customer_email',
					'value'   => '"' . $email . '"',
					'compare' => 'LIKE',
				),
			),
		)
	);
	$coupons = array_map(
		static function ( $id ) {
			return new \WC_Coupon( $id );
		},
		$found
	);
	return array_values(
		array_filter(
			$coupons,
			static function ( \WC_Coupon $coupon ) use ( $email ) {
				return is_usable( $coupon, $email );
			}
		)
	);
}

/**
 * Whether a coupon is this customer's alone, was never used, and has not run out.
 *
 * @param \WC_Coupon $coupon The coupon.
 * @param string     $email  The customer's e-mail address in lower case.
 */
function is_usable( \WC_Coupon $coupon, string $email ): bool {
	$expires = $coupon->get_date_expires();
	return array( $email ) === array_map( 'strtolower', $coupon->get_email_restrictions() )
		&& 0 === (int) $coupon->get_usage_count()
		&& ( null === $expires || $expires->getTimestamp() > time() );
}
