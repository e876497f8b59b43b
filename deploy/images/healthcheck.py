#!/usr/bin/env -S python3 -I
"""Is this container well? `healthcheck [PATH]` asks its own side port; 0 for a 200, else 1.

PATH is `/livez` if not given; a whole URL asks elsewhere. The port is OPENCLAW_HEALTH_PORT, else
18790. The images have no curl, and the standard library's client starts quicker than ours.
"""

import http.client
import os
import sys
from urllib.parse import urlsplit

LIMIT_S = 2.5


def main() -> int:
    """Print why it is not well."""
    asked = sys.argv[1] if len(sys.argv) > 1 else "/livez"
    port = os.environ.get("OPENCLAW_HEALTH_PORT") or "18790"  # noqa: TID251 - its own program
    url = urlsplit(asked if "://" in asked else f"http://127.0.0.1:{port}{asked}")
    connection = http.client.HTTPConnection(url.netloc, timeout=LIMIT_S)
    try:
        connection.request("GET", url._replace(scheme="", netloc="").geturl())
        answer = connection.getresponse()
        body = answer.read(2000).decode(errors="replace")
    except OSError as error:
        print(f"{url.geturl()}: {error}")
        return 1
    finally:
        connection.close()
    print(answer.status, body)
    return 0 if answer.status == 200 else 1


if __name__ == "__main__":
    sys.exit(main())
