<?php
/**
 * Where the merchant enters the app's address and the key.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

const PAGE       = 'bazgasht';
const CAPABILITY = 'manage_woocommerce';

add_action(
	'admin_menu',
	static function () {
		add_submenu_page( 'woocommerce', __( 'Bazgasht', 'bazgasht' ), __( 'Bazgasht', 'bazgasht' ), CAPABILITY, PAGE, __NAMESPACE__ . '\show_settings' );
	}
);

add_filter(
	'option_page_capability_' . PAGE,
	static function (): string {
		return CAPABILITY;
	}
);

add_action(
	'admin_init',
	static function () {
		register_setting(
			PAGE,
			OPTION_ADDRESS,
			array(
				'type'              => 'string',
				'sanitize_callback' => __NAMESPACE__ . '\checked_address',
			)
		);
		register_setting(
			PAGE,
			OPTION_KEY,
			array(
				'type'              => 'string',
				'sanitize_callback' => __NAMESPACE__ . '\checked_key',
			)
		);
	}
);

/**
 * The address as typed when it is one of the app's, else the one that was there.
 *
 * @param mixed $typed What was typed.
 */
function checked_address( $typed ): string {
	$address = untrailingslashit( trim( sanitize_text_field( is_string( $typed ) ? $typed : '' ) ) );
	delete_transient( TRANSIENT_OFFER );
	if ( '' === $address || '' !== signed_path( $address ) ) {
		return $address;
	}
	add_settings_error( PAGE, 'address', __( 'The address must be as the app prints it: https://…/storefront/…', 'bazgasht' ) );
	return (string) get_option( OPTION_ADDRESS, '' );
}

/**
 * The key as typed; an empty field keeps the one that is there, which is never shown.
 *
 * @param mixed $typed What was typed.
 */
function checked_key( $typed ): string {
	$known = (string) get_option( OPTION_KEY, '' );
	$key   = trim( sanitize_text_field( is_string( $typed ) ? $typed : '' ) );
	if ( '' === $key || preg_match( '/^[0-9a-f]{64}$/D', $key ) ) {
		return '' === $key ? $known : $key;
	}
	add_settings_error( PAGE, 'key', __( 'The key must be the 64 letters and digits that the app prints.', 'bazgasht' ) );
	return $known;
}

/**
 * Print the page.
 */
function show_settings(): void {
	if ( ! current_user_can( CAPABILITY ) ) {
		return;
	}
	$told    = is_connected() ? ask( 'GET', 'points', '' ) : null;
	$has_key = '' !== get_option( OPTION_KEY, '' );
	include __DIR__ . '/../templates/settings.php';
}

/**
 * Whether the app answered as it should, and what to tell the merchant.
 *
 * @param array|\WP_Error|null $told What the app answered; null when it was not asked.
 * @return array{0: bool, 1: string}
 */
function connection( $told ): array {
	if ( null === $told ) {
		return array( false, __( 'Not connected yet: enter the address and the key that `bazgasht plugin-key` prints.', 'bazgasht' ) );
	}
	if ( is_wp_error( $told ) ) {
		return array( false, __( 'The app does not answer. Check the address.', 'bazgasht' ) );
	}
	return 200 === $told['status']
		? array( true, __( 'Connected.', 'bazgasht' ) )
		: array( false, message_of( $told['answer'] ) );
}
