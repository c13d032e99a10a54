<?php
/**
 * The page "Points" of My Account.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

const ENDPOINT = 'bazgasht-points';

add_filter(
	'woocommerce_get_query_vars',
	static function ( array $variables ): array {
		$variables[ ENDPOINT ] = ENDPOINT;
		return $variables;
	}
);

add_action(
	'init',
	static function () {
		if ( get_option( OPTION_NEW_RULES ) ) {
			flush_rewrite_rules( false );
			delete_option( OPTION_NEW_RULES );
		}
	},
	99
);

add_filter(
	'woocommerce_account_menu_items',
	static function ( array $items ): array {
		$place = array_search( 'orders', array_keys( $items ), true );
		$place = false === $place ? 0 : $place + 1;
		return array_slice( $items, 0, $place, true )
			+ array( ENDPOINT => __( 'Points', 'bazgasht' ) )
			+ array_slice( $items, $place, null, true );
	}
);

add_filter(
	'woocommerce_endpoint_' . ENDPOINT . '_title',
	static function (): string {
		return __( 'Points', 'bazgasht' );
	}
);

add_action( 'woocommerce_account_' . ENDPOINT . '_endpoint', __NAMESPACE__ . '\show_points' );

add_action(
	'wp_enqueue_scripts',
	static function () {
		if ( ! function_exists( 'is_wc_endpoint_url' ) || ! is_wc_endpoint_url( ENDPOINT ) ) {
			return;
		}
		wp_enqueue_style( 'bazgasht', plugins_url( 'assets/points.css', __DIR__ ), array(), VERSION );
		wp_enqueue_script( 'bazgasht', plugins_url( 'assets/points.js', __DIR__ ), array(), VERSION, true );
	}
);

/**
 * Print the page for the customer who is signed in.
 */
function show_points(): void {
	$customer = wp_get_current_user();
	$shown    = points_of( $customer->ID );
	$offer    = is_connected() ? offer() : null;
	$points   = null === $shown ? 0 : max( 0, $shown['points'] );
	$most     = null === $offer ? 0 : intdiv( $points, $offer['step'] ) * $offer['step'];
	$coupons  = coupons_of( $customer );
	$request  = wp_generate_uuid4();
	include __DIR__ . '/../templates/points.php';
}
