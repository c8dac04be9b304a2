"""This machine as a platform: processes under supervisord, storage on Azurite."""

from logops.platforms.local.platform import LocalPlatform

__all__ = ["LocalPlatform"]
