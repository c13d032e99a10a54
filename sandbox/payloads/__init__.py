"""The JSON bodies of WooCommerce's REST API version 3, built when they are asked for."""
