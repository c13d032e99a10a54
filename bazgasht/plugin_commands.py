"""Commands about the plugin for WooCommerce stores: its package, and the key it signs with."""

from pathlib import Path
from uuid import UUID
from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

import click

from bazgasht.cli import cli, opened_context
from bazgasht.options import store_argument
from bazgasht.settings import AppSettings
from connector.woocommerce.storefront import storefront_key
from database import stores
from database.session import store_transaction

PLUGIN = Path(__file__).parents[1] / "storefront" / "wordpress" / "bazgasht"
# The oldest time that a package can tell: the same files make the same package, byte for byte.
NO_TIME = (1980, 1, 1, 0, 0, 0)


@cli.command("plugin")
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
def plugin_command(file: Path) -> None:
    """Write the plugin for WooCommerce stores to FILE, a zip that WordPress installs."""
    if not PLUGIN.is_dir():
        raise click.ClickException("the plugin is in the project's sources, not in this package")
    count = write_plugin(file)
    click.echo(f"{file}  {count} files; upload it in WordPress under Plugins, Add New")


def write_plugin(file: Path) -> int:
    """Pack the plugin; how many files it has."""
    paths = sorted(path for path in PLUGIN.rglob("*") if path.is_file())
    with ZipFile(file, "w", ZIP_DEFLATED) as package:
        for path in paths:
            name = ZipInfo(path.relative_to(PLUGIN.parent).as_posix(), NO_TIME)
            name.external_attr = 0o644 << 16
            package.writestr(name, path.read_bytes(), ZIP_DEFLATED)
    return len(paths)


@cli.command("plugin-key")
@store_argument
@click.pass_obj
def plugin_key_command(settings: AppSettings, store: UUID) -> None:
    """Print the address and the secret key to enter into the plugin of the WooCommerce STORE."""
    with opened_context(settings) as context:
        with store_transaction(context.engine, store) as session:
            row = stores.get(session)
        if row is None or row.platform != "woocommerce" or row.webhook_secrets is None:
            raise LookupError(
                f"no connected WooCommerce store {store}; `bazgasht stores` lists them"
            )
        newest = context.vault.unseal(row.webhook_secrets)[0]
        if not context.public_url.startswith("https://"):
            click.echo("the plugin calls https only: set BAZGASHT_PUBLIC_URL first", err=True)
        click.echo(f"address  {context.public_url}/storefront/{store}")
        click.echo(f"key      {storefront_key(newest)}")
