<?php
/**
 * As much of WordPress and WooCommerce as the plugin touches, to run its own code outside them.
 *
 * Reads one scene as JSON from standard input, lets the plugin act, and writes what came of it.
 * Calls to the app are made for real, to where the scene says that it is.
 */

error_reporting( E_ALL );
set_error_handler(
	static function ( $level, $message, $file, $line ) {
		throw new ErrorException( $message, 0, $level, $file, $line );
	}
);

define( 'ABSPATH', __DIR__ );
define( 'MB_IN_BYTES', 1048576 );
define( 'HOUR_IN_SECONDS', 3600 );
define( 'MINUTE_IN_SECONDS', 60 );

final class Scene {
	public static array $given;
	public static array $hooks    = array();
	public static array $notices  = array();
	public static array $requests = array();
	public static array $errors   = array();
	public static array $cart     = array();
	public static array $saved    = array();
	public static string $redirect = '';
}

Scene::$given = json_decode( stream_get_contents( STDIN ), true ) + array(
	'locale'     => 'en_US',
	'texts'      => array(),
	'user'       => null,
	'can'        => array(),
	'meta'       => array(),
	'options'    => array(),
	'transients' => array(),
	'coupons'    => array(),
	'session'    => array(),
	'post'       => array(),
);

class WP_User {
	public int $ID            = 0;
	public string $user_email = '';
	public function __construct( ?array $user ) {
		$this->ID         = $user['ID'] ?? 0;
		$this->user_email = $user['user_email'] ?? '';
	}
}

class WP_Error {
	private string $code;
	private string $message;
	public function __construct( string $code, string $message ) {
		$this->code    = $code;
		$this->message = $message;
	}
	public function get_error_message(): string {
		return $this->message;
	}
}

class Date_Of_Coupon extends DateTimeImmutable {}

class WC_Coupon {
	private array $coupon;
	public function __construct( int $id ) {
		$this->coupon = Scene::$given['coupons'][ $id ];
	}
	public function get_code(): string {
		return $this->coupon['code'];
	}
	public function get_amount(): string {
		return $this->coupon['amount'];
	}
	public function get_minimum_amount(): string {
		return $this->coupon['minimum'];
	}
	public function get_email_restrictions(): array {
		return $this->coupon['emails'];
	}
	public function get_usage_count(): int {
		return $this->coupon['used'];
	}
	public function get_meta( string $name ): string {
		return $this->coupon['meta'][ $name ] ?? '';
	}
	public function update_meta_data( string $name, string $value ): void {
		$this->coupon['meta'][ $name ] = $value;
	}
	public function save_meta_data(): void {
		Scene::$saved = $this->coupon['meta'];
	}
	public function get_date_expires(): ?Date_Of_Coupon {
		return null === $this->coupon['expires'] ? null : new Date_Of_Coupon( $this->coupon['expires'] );
	}
}

class WC_Abstract_Order {
	public function get_customer_id(): int {
		return Scene::$given['order_of'];
	}
}

final class WC_Discounts {
	public function get_object(): object {
		return isset( Scene::$given['order_of'] ) ? new WC_Abstract_Order() : new Cart_Of_Shop();
	}
}

final class Session_Of_Shop {
	public function get( string $name ) {
		return Scene::$given['session'][ $name ] ?? null;
	}
	public function set( string $name, $value ): void {
		Scene::$given['session'][ $name ] = $value;
	}
}

final class Cart_Of_Shop {
	public function has_discount( string $code ): bool {
		return in_array( $code, Scene::$cart, true );
	}
	public function apply_coupon( string $code ): bool {
		Scene::$cart[] = $code;
		return true;
	}
}

function WC(): object {
	static $shop = null;
	$shop = $shop ?? (object) array(
		'session' => new Session_Of_Shop(),
		'cart'    => new Cart_Of_Shop(),
	);
	return $shop;
}

final class Ended extends Exception {}

function add_action( string $hook, callable $call, int $priority = 10, int $arguments = 1 ): void {
	Scene::$hooks[ $hook ][] = $call;
}
function add_filter( string $hook, callable $call, int $priority = 10, int $arguments = 1 ): void {
	Scene::$hooks[ $hook ][] = $call;
}
function filtered( string $hook, $value, ...$more ) {
	foreach ( Scene::$hooks[ $hook ] ?? array() as $call ) {
		$value = $call( $value, ...$more );
	}
	return $value;
}
function register_activation_hook( string $file, callable $call ): void {
	Scene::$hooks['activate'][] = $call;
}
function register_deactivation_hook( string $file, callable $call ): void {
}
function flush_rewrite_rules( bool $hard = true ): void {
	Scene::$requests[] = 'rules';
}

// Texts and numbers.
function __( string $text, string $domain ): string {
	return 'bazgasht' === $domain ? ( Scene::$given['texts'][ $text ] ?? $text ) : "NOT OURS: $text";
}
function esc_html( string $text ): string {
	return htmlspecialchars( $text, ENT_QUOTES );
}
function esc_attr( string $text ): string {
	return htmlspecialchars( $text, ENT_QUOTES );
}
function esc_html_e( string $text, string $domain ): void {
	echo esc_html( __( $text, $domain ) );
}
function esc_attr_e( string $text, string $domain ): void {
	echo esc_attr( __( $text, $domain ) );
}
function wp_kses_post( string $html ): string {
	return strip_tags( $html, '<span><bdi><p>' );
}
function wpautop( string $text ): string {
	return "<p>$text</p>";
}
function number_format_i18n( int $number ): string {
	return number_format( $number );
}
function wp_date( string $format, int $moment ): string {
	return gmdate( $format, $moment );
}
function wp_timezone(): DateTimeZone {
	return new DateTimeZone( 'UTC' );
}
function wc_format_datetime( Date_Of_Coupon $moment ): string {
	return $moment->format( 'Y-m-d' );
}
function wc_price( string $amount, array $how = array() ): string {
	return '<span class="price">' . esc_html( ( $how['currency'] ?? '$' ) . ' ' . $amount ) . '</span>';
}
function is_rtl(): bool {
	return 'fa_IR' === Scene::$given['locale'];
}
function determine_locale(): string {
	return Scene::$given['locale'];
}

// What comes in.
function wp_unslash( string $text ): string {
	return stripslashes( $text );
}
function sanitize_text_field( string $text ): string {
	return trim( preg_replace( '/[\r\n\t ]+/', ' ', strip_tags( $text ) ) );
}
function sanitize_key( string $text ): string {
	return preg_replace( '/[^a-z0-9_\-]/', '', strtolower( $text ) );
}
function wc_format_coupon_code( string $code ): string {
	return strtolower( trim( $code ) );
}
function untrailingslashit( string $text ): string {
	return rtrim( $text, '/' );
}
function wp_is_uuid( string $text, int $version ): bool {
	return 1 === preg_match( "/^[0-9a-f]{8}-[0-9a-f]{4}-{$version}[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/", $text );
}
function wp_generate_uuid4(): string {
	$hex = str_split( bin2hex( random_bytes( 16 ) ), 4 );
	return "$hex[0]$hex[1]-$hex[2]-4" . substr( $hex[3], 1 ) . '-8' . substr( $hex[4], 1 ) . "-$hex[5]$hex[6]$hex[7]";
}

// Who asks, and whether the form is genuine.
function is_user_logged_in(): bool {
	return null !== Scene::$given['user'];
}
function wp_get_current_user(): WP_User {
	return new WP_User( Scene::$given['user'] );
}
function get_current_user_id(): int {
	return wp_get_current_user()->ID;
}
function get_user_by( string $field, string $email ) {
	$user = wp_get_current_user();
	return 'email' === $field && $user->ID && $user->user_email === $email ? $user : false;
}
function get_user_meta( int $user, string $name, bool $single ) {
	return $user && get_current_user_id() === $user ? ( Scene::$given['meta'][ $name ] ?? '' ) : '';
}
function current_user_can( string $capability ): bool {
	return in_array( $capability, Scene::$given['can'], true );
}
function wp_verify_nonce( string $nonce, string $action ): bool {
	return "nonce-$action" === $nonce;
}
function wp_nonce_field( string $action, string $name ): void {
	echo '<input type="hidden" name="' . esc_attr( $name ) . '" value="nonce-' . esc_attr( $action ) . '">';
}
function settings_fields( string $page ): void {
	echo '<input type="hidden" name="option_page" value="' . esc_attr( $page ) . '">';
}
function settings_errors( string $page ): void {
}
function woocommerce_wp_text_input( array $field ): void {
	echo '<label>' . esc_html( $field['label'] ) . '</label><input name="' . esc_attr( $field['id'] ) . '" value="' . esc_attr( $field['value'] ) . '">';
}
function submit_button(): void {
	echo '<button type="submit">Save</button>';
}
function add_settings_error( string $page, string $code, string $message ): void {
	Scene::$errors[ $code ] = $message;
}

// What is kept.
function add_option( string $name, $value, string $deprecated, bool $autoload ): void {
	Scene::$given['options'] += array( $name => $value );
}
function get_option( string $name, $default = false ) {
	return Scene::$given['options'][ $name ] ?? ( 'date_format' === $name ? 'Y-m-d' : $default );
}
function delete_option( string $name ): void {
	unset( Scene::$given['options'][ $name ] );
}
function get_transient( string $name ) {
	return Scene::$given['transients'][ $name ] ?? false;
}
function set_transient( string $name, $value, int $seconds ): void {
	Scene::$given['transients'][ $name ] = $value;
}
function delete_transient( string $name ): void {
	unset( Scene::$given['transients'][ $name ] );
}
function get_posts( array $query ): array {
	$wanted = $query['meta_query'][1];
	return array_keys(
		array_filter(
			Scene::$given['coupons'],
			static function ( array $coupon ) use ( $wanted ) {
				return $coupon['ours'] && false !== strpos( serialize( $coupon['emails'] ), $wanted['value'] );
			}
		)
	);
}

// Where it leads.
function wc_get_account_endpoint_url( string $endpoint ): string {
	return "https://shop.example/my-account/$endpoint/";
}
function wc_get_cart_url(): string {
	return 'https://shop.example/cart/';
}
function wc_add_notice( string $message, string $kind = 'success' ): void {
	Scene::$notices[] = array( $kind, $message );
}
function wp_safe_redirect( string $address ): void {
	Scene::$redirect = $address;
	throw new Ended();
}

// Calls to the app.
function wp_json_encode( $value, int $how = 0 ) {
	return json_encode( $value, $how );
}
function is_wp_error( $value ): bool {
	return $value instanceof WP_Error;
}
function wp_safe_remote_request( string $address, array $call ) {
	$parts = parse_url( $address );
	if ( 'https' !== $parts['scheme'] || 0 !== $call['redirection'] ) {
		throw new Exception( "calls must go to https and follow nothing: $address" );
	}
	Scene::$requests[] = $call['method'] . ' ' . $parts['path'];
	$headers           = array();
	foreach ( $call['headers'] as $name => $value ) {
		$headers[] = "$name: $value";
	}
	if ( empty( Scene::$given['app'] ) ) {
		return new WP_Error( 'http_request_failed', 'cURL error 7: could not connect to 10.0.0.1' );
	}
	$body    = file_get_contents(
		Scene::$given['app'] . $parts['path'],
		false,
		stream_context_create(
			array(
				'http' => array(
					'method'        => $call['method'],
					'header'        => $headers,
					'content'       => (string) $call['body'],
					'timeout'       => $call['timeout'],
					'ignore_errors' => true,
				),
			)
		)
	);
	return array(
		'body'   => $body,
		'status' => (int) explode( ' ', $http_response_header[0] )[1],
	);
}
function wp_remote_retrieve_body( array $response ): string {
	return $response['body'];
}
function wp_remote_retrieve_response_code( array $response ): int {
	return $response['status'];
}

$plugin = Scene::$given['plugin'];
require $plugin . '/bazgasht.php';

$result = null;
$_POST  = array_map( 'addslashes', Scene::$given['post'] );
ob_start();
try {
	if ( isset( Scene::$given['filter'] ) ) {
		$result = filtered( ...Scene::$given['filter'] );
	} elseif ( isset( Scene::$given['coupon_hook'] ) ) {
		// A filter of whether the first coupon may be used, or an action of the merchant's form.
		list( $hook, $value ) = Scene::$given['coupon_hook'];
		$result = filtered( $hook, $value, new WC_Coupon( 0 ), new WC_Discounts() );
	} elseif ( isset( Scene::$given['call'] ) ) {
		$result = call_user_func_array( 'Bazgasht\\' . Scene::$given['call'][0], Scene::$given['call'][1] );
	}
} catch ( Ended $ended ) {
	$result = 'ended';
} catch ( Exception $refused ) {
	if ( ! isset( Scene::$given['coupon_hook'] ) ) {
		throw $refused;
	}
	$result = array( 'refused' => $refused->getMessage() );
}

echo json_encode(
	array(
		'html'       => ob_get_clean(),
		'result'     => $result instanceof WP_Error ? array( 'error' => $result->get_error_message() ) : $result,
		'notices'    => Scene::$notices,
		'errors'     => Scene::$errors,
		'requests'   => Scene::$requests,
		'redirect'   => Scene::$redirect,
		'cart'       => Scene::$cart,
		'saved'      => Scene::$saved,
		'session'    => Scene::$given['session'],
		'options'    => Scene::$given['options'],
		'transients' => Scene::$given['transients'],
	)
);
