# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""Keep the cache of an inventory private to its owner, as it holds names and e-mail addresses."""

from __future__ import annotations

import contextlib
import os
from typing import Any

from ansible.plugins.cache import BaseFileCacheModule
from ansible.plugins.inventory import BaseInventoryPlugin, Cacheable


class PrivateCache(BaseInventoryPlugin, Cacheable):  # type: ignore[misc]
    """An inventory plugin whose cache files only their owner can read.

    Ansible creates the folder with the modes that the umask leaves, and files that everybody can read.
    """

    def _read_config_data(self, path: str) -> Any:
        """Read the file, and load the cache plugin, which creates its folder if it is missing."""
        self._is_new_folder = False
        config = super()._read_config_data(path)
        folder = self._cache_folder()
        if folder and self._is_new_folder:
            os.chmod(folder, 0o700)
        return config

    def set_options(self, task_keys: Any = None, var_options: Any = None, direct: Any = None) -> None:
        """Set the options, and note whether the folder of the cache exists before the plugin creates it."""
        super().set_options(task_keys=task_keys, var_options=var_options, direct=direct)
        folder = self.get_option("cache_connection")
        if isinstance(folder, str) and folder:
            self._is_new_folder = not os.path.exists(os.path.expanduser(os.path.expandvars(folder)))

    def update_cache_if_changed(self) -> None:
        """Write the cache, and take the rights of others from its files."""
        super().update_cache_if_changed()
        plugin = self._cache._plugin
        if self._cache_folder():
            for key in plugin._cache:
                # Another user may own it, or have removed it.
                with contextlib.suppress(OSError):
                    os.chmod(plugin._get_cache_file_name(key), 0o600)

    def _cache_folder(self) -> str | None:
        """Return the folder of a cache that consists of files, None for any other."""
        plugin = getattr(getattr(self, "_cache", None), "_plugin", None)
        return str(plugin._cache_dir) if isinstance(plugin, BaseFileCacheModule) else None
