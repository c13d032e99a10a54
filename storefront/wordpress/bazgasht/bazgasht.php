<?php
/**
 * Plugin Name:       Bazgasht Points
 * Description:       Shows customers their points in My Account, and lets them redeem points for a coupon.
 * Version:           0.1.0
 * Requires at least: 6.1
 * Requires PHP:      7.4
 * Requires Plugins:  woocommerce
 * WC requires at least: 8.0
 * License:           GPL-2.0-or-later
 * License URI:       https://www.gnu.org/licenses/gpl-2.0.html
 * Text Domain:       bazgasht
 * Domain Path:       /languages
 *
 * @package Bazgasht
 */

namespace Bazgasht;

defined( 'ABSPATH' ) || exit;

const VERSION = '0.1.0';

require_once __DIR__ . '/includes/signature.php';
require_once __DIR__ . '/includes/app.php';
require_once __DIR__ . '/includes/points.php';
require_once __DIR__ . '/includes/account.php';
require_once __DIR__ . '/includes/redeem.php';
require_once __DIR__ . '/includes/tier-coupons.php';
require_once __DIR__ . '/includes/settings.php';
require_once __DIR__ . '/includes/personal-data.php';

/**
 * The endpoint's address is known to WordPress only after its rules are written anew, which the
 * next request does, when WooCommerce has loaded.
 */
register_activation_hook(
	__FILE__,
	static function () {
		add_option( OPTION_ADDRESS, '', '', false );
		add_option( OPTION_KEY, '', '', false );
		add_option( OPTION_NEW_RULES, '1', '', false );
	}
);

register_deactivation_hook( __FILE__, 'flush_rewrite_rules' );

add_action(
	'init',
	static function () {
		load_plugin_textdomain( 'bazgasht', false, dirname( plugin_basename( __FILE__ ) ) . '/languages' );
	}
);

add_action(
	'before_woocommerce_init',
	static function () {
		if ( class_exists( '\Automattic\WooCommerce\Utilities\FeaturesUtil' ) ) {
			// The plugin reads no orders, so it does not matter where they are kept.
			\Automattic\WooCommerce\Utilities\FeaturesUtil::declare_compatibility(
				'custom_order_tables',
				__FILE__,
				true
			);
		}
	}
);
