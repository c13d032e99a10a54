<?php
/**
 * Removes what the plugin has saved.
 *
 * The points in customers' accounts and the coupons are the app's: it takes them away itself when
 * it is disconnected, and they stay right while it is not.
 *
 * @package Bazgasht
 */

defined( 'WP_UNINSTALL_PLUGIN' ) || exit;

delete_option( 'bazgasht_address' );
delete_option( 'bazgasht_key' );
delete_option( 'bazgasht_new_rules' );
delete_transient( 'bazgasht_offer' );
