"""A tarball of a kernel from a server, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import requests
import tenacity

from pipeline.system.errors import InfrastructureError

_CONNECT_TIMEOUT = (10, 60)
_DOWNLOAD_LIMIT = 2 << 30


@tenacity.retry(
    retry=tenacity.retry_if_exception_type((requests.ConnectionError, requests.Timeout)),
    stop=tenacity.stop_after_attempt(3) | tenacity.stop_after_delay(120),
    wait=tenacity.wait_exponential(max=20),
    reraise=True,
)
def _download_once(url: str, target: Path) -> None:
    unfinished = target.with_suffix(".part")
    with requests.get(url, stream=True, timeout=_CONNECT_TIMEOUT) as response, unfinished.open("wb") as file:
        response.raise_for_status()
        size = 0
        for piece in response.iter_content(1 << 20):
            size += len(piece)
            if size > _DOWNLOAD_LIMIT:
                raise InfrastructureError(f"{url} is larger than {_DOWNLOAD_LIMIT >> 30} GiB")
            file.write(piece)
    unfinished.replace(target)


def download(url: str, target: Path) -> None:
    """Fetches `url` into `target`, whole or not at all.

    Raises:
        InfrastructureError: it cannot be had.
    """
    try:
        _download_once(url, target)
    except requests.RequestException as error:
        raise InfrastructureError(f"{url} could not be downloaded: {error}", hint="Check the address.") from error
    finally:
        target.with_suffix(".part").unlink(missing_ok=True)
