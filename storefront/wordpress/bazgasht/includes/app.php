<?php
/**
 * Calls to the app, made by this server and signed with the store's key.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

const OPTION_ADDRESS   = 'bazgasht_address';
const OPTION_KEY       = 'bazgasht_key';
const OPTION_NEW_RULES = 'bazgasht_new_rules';
const TRANSIENT_OFFER  = 'bazgasht_offer';

const LARGEST_ANSWER = 8 * MB_IN_BYTES;

/**
 * Whether the merchant has entered where the app is, and the key.
 */
function is_connected(): bool {
	return signed_path( (string) get_option( OPTION_ADDRESS, '' ) ) !== '' && get_option( OPTION_KEY, '' ) !== '';
}

/**
 * Ask the app, and return the HTTP status and the JSON that it answered.
 *
 * @param string     $method    GET or POST.
 * @param string     $operation The last part of the path, such as points.
 * @param string     $account   The shopper's number, empty when it is about nobody.
 * @param array|null $body      What to send.
 * @param string     $request   What names this request: the same again asks for the same thing.
 * @param int        $patience  Seconds to wait for the answer.
 * @return array{status: int, answer: array}|\WP_Error
 */
function ask( string $method, string $operation, string $account, ?array $body = null, string $request = '', int $patience = 10 ) {
	if ( ! is_connected() ) {
		return new \WP_Error( 'bazgasht_not_connected', __( 'Enter the app’s address and key in the settings of Bazgasht.', 'bazgasht' ) );
	}
	$address   = (string) get_option( OPTION_ADDRESS );
	$sent      = null === $body ? '' : (string) wp_json_encode( $body );
	$request   = '' === $request ? wp_generate_uuid4() : $request;
	$timestamp = (string) time();
	$path      = signed_path( $address ) . '/' . $operation;
	$signature = signature( (string) get_option( OPTION_KEY ), $method, $path, $timestamp, $request, $account, $sent );
	$response  = wp_safe_remote_request(
		$address . '/' . $operation,
		array(
			'method'              => $method,
			'timeout'             => $patience,
			'redirection'         => 0,
			'limit_response_size' => LARGEST_ANSWER,
			'user-agent'          => 'Bazgasht Points/' . VERSION,
			'headers'             => array(
				'Accept'               => 'application/json',
				'Accept-Language'      => str_replace( '_', '-', determine_locale() ),
				'Content-Type'         => 'application/json',
				'X-Bazgasht-Timestamp' => $timestamp,
				'X-Bazgasht-Key'       => $request,
				'X-Bazgasht-Account'   => $account,
				'X-Bazgasht-Signature' => $signature,
			),
			'body'                => '' === $sent ? null : $sent,
		)
	);
	$is_lost = is_wp_error( $response );
	$status  = $is_lost ? 0 : (int) wp_remote_retrieve_response_code( $response );
	$answer  = $is_lost ? null : json_decode( wp_remote_retrieve_body( $response ), true );
	// A success that cannot be read, such as half an answer or another server's page, says nothing.
	if ( $is_lost || ( $status < 400 && ! is_array( $answer ) ) ) {
		return new \WP_Error( 'bazgasht_away', __( 'This is not possible right now. Try again in a few minutes.', 'bazgasht' ) );
	}
	return array(
		'status' => $status,
		'answer' => is_array( $answer ) ? $answer : array(),
	);
}

/**
 * What the app says of an error, in the shopper's language.
 *
 * @param array $answer The JSON that the app answered.
 */
function message_of( array $answer ): string {
	$message = $answer['error']['message'] ?? $answer['message'] ?? '';
	return is_string( $message ) && '' !== $message
		? $message
		: __( 'This is not possible right now. Try again in a few minutes.', 'bazgasht' );
}

/**
 * What the store lets its customers redeem, asked of the app at most once an hour.
 *
 * @return array{least: int, step: int}|null Null when nothing can be redeemed, or it is not known.
 */
function offer(): ?array {
	$known = get_transient( TRANSIENT_OFFER );
	if ( ! is_array( $known ) ) {
		$told  = ask( 'GET', 'points', '', null, '', 4 );
		$is_ok = ! is_wp_error( $told ) && 200 === $told['status'];
		$known = $is_ok && is_array( $told['answer']['redeem'] ?? null ) ? $told['answer']['redeem'] : array();
		set_transient( TRANSIENT_OFFER, $known, $is_ok ? HOUR_IN_SECONDS : 2 * MINUTE_IN_SECONDS );
	}
	if ( ! isset( $known['least'], $known['step'] ) ) {
		return null;
	}
	return array(
		'least' => max( 1, (int) $known['least'] ),
		'step'  => max( 1, (int) $known['step'] ),
	);
}
