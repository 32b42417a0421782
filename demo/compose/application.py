"""An application as there are many: it knows no OpenID Connect, and believes the user that its web server names.

Behind Apache that was REMOTE_USER. From Doorward it comes as the header X-Remote-User, which WSGI calls HTTP_X_REMOTE_USER;
what mod_auth_openidc sends beside it comes under the names it had.
"""
import os
from html import escape
from wsgiref.simple_server import make_server


def application(environ, start_response):
    user = environ.get("HTTP_X_REMOTE_USER")
    claims = {name: value for name, value in environ.items() if name.startswith(("HTTP_OIDC_CLAIM_", "HTTP_X_REMOTE_"))}
    rows = "".join(f"<tr><td>{escape(name)}</td><td>{escape(value)}</td></tr>" for name, value in sorted(claims.items()))
    greeting = "Hello, whoever you are" if user is None else f"Hello, {escape(user)}"
    page = f"""<!doctype html><html lang="en"><meta charset="utf-8"><title>Legacy</title><h1>{greeting}</h1>
<p>{escape(environ['PATH_INFO'])} &middot; <a href="/reports">reports</a> &middot; <a href="/admin">admin</a>
&middot; <a href="/oidc/logout">sign out</a></p><table>{rows}</table></html>"""
    start_response("200 OK", [("Content-Type", "text/html; charset=utf-8")])
    return [page.encode()]


# Loopback alone: whoever could reach it past Doorward could say to be anybody.
make_server("127.0.0.1", int(os.environ.get("PORT", "8080")), application).serve_forever()
