"""The commands about the plugin for WooCommerce stores."""

from pathlib import Path
from uuid import uuid4
from zipfile import ZipFile

from bazgasht.plugin_commands import PLUGIN, plugin_command, plugin_key_command
from connector.woocommerce.storefront import storefront_key
from jobs.context import Context
from tests.bazgasht.commands import Commands
from tests.database.rows import new_store
from tests.webhooks.deliveries import set_secrets


def test_the_package_holds_the_plugin_in_one_folder(
    context: Context, run: Commands, tmp_path: Path
) -> None:
    first, second = tmp_path / "first.zip", tmp_path / "second.zip"
    result = run(plugin_command, str(first))
    assert result.exit_code == 0, result.output
    run(plugin_command, str(second))
    assert first.read_bytes() == second.read_bytes()
    with ZipFile(first) as package:
        names = package.namelist()
        assert package.read("bazgasht/bazgasht.php") == (PLUGIN / "bazgasht.php").read_bytes()
    assert {name.split("/")[0] for name in names} == {"bazgasht"}
    assert {"bazgasht/uninstall.php", "bazgasht/languages/bazgasht-fa_IR.mo"} <= set(names)
    assert f"{len(names)} files" in result.output


def test_the_key_is_that_of_the_newest_secret(context: Context, run: Commands) -> None:
    store_id = new_store(context.engine)
    set_secrets(context, store_id, "newest", "older")
    result = run(plugin_key_command, str(store_id))
    assert "set BAZGASHT_PUBLIC_URL" in result.stderr
    assert result.stdout.splitlines() == [
        f"address  http://127.0.0.1:8080/storefront/{store_id}",
        f"key      {storefront_key('newest')}",
    ]


def test_a_store_that_is_not_there_has_no_key(context: Context, run: Commands) -> None:
    assert "no connected WooCommerce store" in str(run(plugin_key_command, str(uuid4())).exception)
