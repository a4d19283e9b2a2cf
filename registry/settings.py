"""What the environment may set. Looked at afresh at each call, so that a change counts at once."""

from __future__ import annotations

import os
from pathlib import Path

from platformdirs import user_cache_path, user_data_path
from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict

APP = "medregistry"


class Settings(BaseSettings):
    """Environment variables that MedRegistry honours; tokens are secrets and never printed."""

    model_config = SettingsConfigDict(env_ignore_empty=True, extra="ignore", frozen=True)

    database_url: str = Field(
        default_factory=lambda: f"sqlite:///{user_data_path(APP) / 'registry.db'}",
        validation_alias="REGISTRY_DATABASE_URL",
    )
    """`sqlite:///FILE` or `postgresql://USER:PASSWORD@HOST/DATABASE`."""
    cache: Path = Field(default_factory=lambda: user_cache_path(APP), validation_alias="REGISTRY_CACHE")
    """Folder of downloaded files."""
    mirror: str | None = Field(None, validation_alias="REGISTRY_MIRROR")
    """Folder or http(s) address that holds `<slug>/<path as in the source>`; looked in before anything is fetched."""
    offline: bool = Field(False, validation_alias="REGISTRY_OFFLINE")
    """True: no socket is opened."""
    cards: Path | None = Field(None, validation_alias="REGISTRY_CARDS")
    """Extra folder of private cards."""
    hf_endpoint: str = Field("https://huggingface.co", validation_alias="HF_ENDPOINT")
    hf_token: SecretStr | None = Field(None, validation_alias="HF_TOKEN")
    github_api_url: str = Field("https://api.github.com", validation_alias="GITHUB_API_URL")
    github_raw_url: str = Field("https://raw.githubusercontent.com", validation_alias="GITHUB_RAW_URL")
    github_media_url: str = Field("https://media.githubusercontent.com/media", validation_alias="GITHUB_MEDIA_URL")
    """Where GitHub gives the files that Git LFS keeps."""
    github_token: SecretStr | None = Field(None, validation_alias="GITHUB_TOKEN")
    openalex_api_url: str = Field("https://api.openalex.org", validation_alias="OPENALEX_API_URL")
    openalex_api_key: SecretStr | None = Field(None, validation_alias="OPENALEX_API_KEY")
    physionet_user: str | None = Field(None, validation_alias="PHYSIONET_USER")
    physionet_password: SecretStr | None = Field(None, validation_alias="PHYSIONET_PASSWORD")
    """The user's own account, for credentialed files; sent to PhysioNet alone."""
    mailto: str | None = Field(None, validation_alias="REGISTRY_MAILTO")
    """Mail address for the polite pools of the services."""


_read: tuple[dict[str, str], Settings] | None = None
"""The environment as it last was, and what it means."""


def settings() -> Settings:
    """The settings of this moment.

    Raises:
        UsageError: a variable whose value cannot be read, as REGISTRY_OFFLINE=perhaps.
    """
    global _read
    now = dict(os.environ)
    if _read is not None and _read[0] == now:
        return _read[1]
    from pydantic import ValidationError

    from registry.errors import UsageError

    try:
        found = Settings()
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, e['loc']))}: {e['msg']}" for e in error.errors(include_input=False))
        raise UsageError(f"the environment has a value that cannot be used: {told}") from None
    _read = now, found
    return found
