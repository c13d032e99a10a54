<?php
/**
 * How a call to the app is signed. Nothing here needs WordPress.
 *
 * With the key d11a3ce8578243d344c2ecc6b6dcb7517c4a2f50760f02f5636665119e75664b the call
 *
 *     POST /storefront/0b9c2f36-7b64-4f6e-9d0e-3f1f5c8b1a11/redeem
 *     X-Bazgasht-Timestamp: 1790000000
 *     X-Bazgasht-Key: 5f0c1b9e-8f0a-4a52-8a57-0f9d8d1c2b3a
 *     X-Bazgasht-Account: 17
 *
 *     {"points":500}
 *
 * has the signature 7d55770d7f8e3e25e94a99060b96b9dad6734bf65f1b5003b96caa7445a79420.
 *
 * @package Bazgasht
 */

namespace Bazgasht;

const SCHEME = 'bazgasht-storefront-1';

/**
 * The hexadecimal HMAC-SHA256 over the parts of a call, each followed by a line feed, and the body.
 *
 * @param string $key       The storefront key.
 * @param string $method    GET or POST.
 * @param string $path      The path from /storefront on.
 * @param string $timestamp Seconds since 1970.
 * @param string $request   What names this request: the same again asks for the same thing.
 * @param string $account   The shopper's number, empty when it is about nobody.
 * @param string $body      The body, byte for byte as it is sent.
 */
function signature( string $key, string $method, string $path, string $timestamp, string $request, string $account, string $body ): string {
	$lines = array( SCHEME, $method, $path, $timestamp, $request, $account, $body );
	return hash_hmac( 'sha256', implode( "\n", $lines ), $key );
}

/**
 * The part of the app's address that is signed, or an empty text when it is no such address.
 *
 * @param string $address Such as https://app.example.com/storefront/0b9c2f36-7b64-4f6e-9d0e-3f1f5c8b1a11.
 */
function signed_path( string $address ): string {
	$store = '[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}';
	$host  = '[a-z0-9](?:[a-z0-9.-]*[a-z0-9])?(?::[0-9]{1,5})?';
	$found = preg_match( "~^https://{$host}(?:/[A-Za-z0-9._-]+)*?(/storefront/{$store})\$~D", $address, $parts );
	return $found ? $parts[1] : '';
}
