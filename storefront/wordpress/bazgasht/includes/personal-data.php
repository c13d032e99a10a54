<?php
/**
 * The app's part in WordPress's own tools for exporting and erasing personal data.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

add_filter(
	'wp_privacy_personal_data_exporters',
	static function ( array $exporters ): array {
		$exporters['bazgasht'] = array(
			'exporter_friendly_name' => __( 'Bazgasht', 'bazgasht' ),
			'callback'               => __NAMESPACE__ . '\export_personal_data',
		);
		return $exporters;
	}
);

add_filter(
	'wp_privacy_personal_data_erasers',
	static function ( array $erasers ): array {
		$erasers['bazgasht'] = array(
			'eraser_friendly_name' => __( 'Bazgasht', 'bazgasht' ),
			'callback'             => __NAMESPACE__ . '\erase_personal_data',
		);
		return $erasers;
	}
);

add_action(
	'admin_init',
	static function () {
		$text = __( 'Bazgasht keeps the orders, accounts and points of this store’s customers, works out what they may like to buy next, and writes it to this store. It takes part in the export and the erasure of personal data.', 'bazgasht' );
		wp_add_privacy_policy_content( __( 'Bazgasht', 'bazgasht' ), wp_kses_post( wpautop( $text ) ) );
	}
);

/**
 * Everything that the app has about a person, for WordPress's export.
 *
 * @param string $email The person's e-mail address.
 * @return array{data: array, done: bool}|\WP_Error An error leaves the export open, to be tried again.
 */
function export_personal_data( string $email ) {
	$told = ask_about_person( 'export', $email );
	if ( is_wp_error( $told ) ) {
		return $told;
	}
	return array(
		'data' => export_items( $told['answer'] ),
		'done' => true,
	);
}

/**
 * Ask the app to erase a person, which it does within minutes.
 *
 * @param string $email The person's e-mail address.
 * @return array{items_removed: bool, items_retained: bool, messages: string[], done: bool}|\WP_Error
 */
function erase_personal_data( string $email ) {
	$told = ask_about_person( 'erase', $email );
	if ( is_wp_error( $told ) ) {
		return $told;
	}
	return array(
		'items_removed'  => true,
		'items_retained' => false,
		'messages'       => array( __( 'Bazgasht erases the person within minutes. Amounts of orders stay, of somebody without a name.', 'bazgasht' ) ),
		'done'           => true,
	);
}

/**
 * Ask the app about a person.
 *
 * @param string $what  export or erase.
 * @param string $email The person's e-mail address.
 * @return array{status: int, answer: array}|\WP_Error
 */
function ask_about_person( string $what, string $email ) {
	$user    = get_user_by( 'email', $email );
	$account = $user ? (string) $user->ID : '';
	$told    = ask( 'POST', 'personal-data/' . $what, $account, array( 'email' => $email ), '', 30 );
	if ( is_wp_error( $told ) || in_array( $told['status'], array( 200, 202 ), true ) ) {
		return $told;
	}
	return new \WP_Error( 'bazgasht_refused', message_of( $told['answer'] ) );
}

/**
 * What the app has, in the form of WordPress's export: one group for each table.
 *
 * @param array $tables The tables, each a list of rows or a single row.
 * @return array[]
 */
function export_items( array $tables ): array {
	$items = array();
	foreach ( $tables as $table => $rows ) {
		$is_list = is_array( $rows ) && array_values( $rows ) === $rows;
		foreach ( $is_list ? $rows : array( $rows ) as $place => $row ) {
			$items[] = array(
				'group_id'    => 'bazgasht-' . sanitize_key( $table ),
				'group_label' => __( 'Bazgasht', 'bazgasht' ) . ': ' . str_replace( '_', ' ', $table ),
				'item_id'     => 'bazgasht-' . sanitize_key( $table ) . '-' . $place,
				'data'        => export_data( is_array( $row ) ? $row : array( $table => $row ) ),
			);
		}
	}
	return $items;
}

/**
 * A row's names and values as texts.
 *
 * @param array $row The row.
 * @return array[]
 */
function export_data( array $row ): array {
	$data = array();
	foreach ( $row as $name => $value ) {
		if ( null === $value || '' === $value || array() === $value ) {
			continue;
		}
		$data[] = array(
			'name'  => str_replace( '_', ' ', (string) $name ),
			'value' => esc_html( is_string( $value ) ? $value : (string) wp_json_encode( $value, JSON_UNESCAPED_UNICODE | JSON_UNESCAPED_SLASHES ) ),
		);
	}
	return $data;
}
