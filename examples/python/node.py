"""What every example needs: where the node is, who asks, and one way to ask. Python 3.9 or later, nothing else."""
import argparse
import json
import os
import ssl
import sys
import urllib.error
import urllib.request

ENVIRONMENT = """environment:
  BONGSU_URL    the node, such as https://tower.example.org
  BONGSU_TOKEN  the member's token
  BONGSU_CA     a file of authorities (PEM), if the node's certificate is of one that this system does not know

It ends with 0 if all is well, with 1 if the node refuses or can't be reached, with 2 if it was called wrongly."""


def arguments(text):
    """What reads the command line; `text` says what the example does."""
    return argparse.ArgumentParser(
        description=text, epilog=ENVIRONMENT, formatter_class=argparse.RawDescriptionHelpFormatter
    )


def ask(path, body=None, headers=None, timeout=60):
    """The node's answer to GET, or to POST if there is a body, which may be bytes or what becomes JSON.

    304 is an answer too. Everything else that is no success ends the program, with what the node says.
    """
    if body is not None and not isinstance(body, bytes):
        body = json.dumps(body).encode()
    try:
        url, token = os.environ["BONGSU_URL"].rstrip("/"), os.environ["BONGSU_TOKEN"]
    except KeyError as name:
        sys.exit(f"{name} is not set; --help says more")
    request = urllib.request.Request(url + path, body)
    request.add_header("Authorization", f"Bearer {token}")
    if body is not None:
        request.add_header("Content-Type", "application/json")
    for name, value in (headers or {}).items():
        request.add_header(name, value)
    context = ssl.create_default_context(cafile=os.environ.get("BONGSU_CA"))
    try:
        return urllib.request.urlopen(request, timeout=timeout, context=context)
    except urllib.error.HTTPError as answer:
        if answer.code == 304:
            return answer
        # What is written for people is of no use here.
        is_page = answer.headers.get_content_type() == "text/html"
        said = "" if is_page else ": " + answer.read(2000).decode(errors="replace").strip()
        sys.exit(f"{path}: {answer.code} {answer.reason}{said}")
    except OSError as error:
        sys.exit(f"{url}: {error}")


def ask_json(path, body=None, headers=None):
    """The same, read as JSON."""
    with ask(path, body, headers) as answer:
        return json.load(answer)
