# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""How to reach a Waldur: the options of lookups and inventories, with their variables and environment."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.plugin_connection``."""

    DOCUMENTATION = r"""
requirements:
  - python >= 3.10
  - requests >= 2.31
  - PyYAML, where O(profile) is used
options:
  api_url:
    description:
      - The URL of the Waldur, with or without the trailing C(/api/), such as V(https://waldur.example.org/api/).
      - Only C(http) and C(https) are taken, without a user, a password, a query or a fragment in it.
      - Must be set somewhere; see the notes for the places.
    type: str
    vars:
      - name: waldur_api_url
    env:
      - name: WALDUR_API_URL
  access_token:
    description:
      - The API token of the user in whose name Waldur is read.
      - Must be set somewhere; see the notes for the places.
      - It must come from the same place as O(api_url), or from a place that names the same URL. Otherwise nothing is
        sent, so that no site's token goes to another.
      - It has at least 8 characters, as every text in the output that equals it is masked.
      - Don't write a token into a file in clear. Use the environment, a profile, or Ansible Vault.
    type: str
    vars:
      - name: waldur_access_token
    env:
      - name: WALDUR_ACCESS_TOKEN
      - name: WALDUR_API_TOKEN
  auth_scheme:
    description:
      - The word before the token in the C(Authorization) header. Personal access tokens of newer versions take
        V(Bearer).
      - Left out everywhere, it is V(Token).
    type: str
    vars:
      - name: waldur_auth_scheme
    env:
      - name: WALDUR_AUTH_SCHEME
    choices: [Token, Bearer]
  validate_certs:
    description:
      - Whether the server's certificate is checked. Turn it off for tests only, as the token is sent then to whoever
        answers.
      - Left out everywhere, it is V(true).
    type: bool
    vars:
      - name: waldur_validate_certs
    env:
      - name: WALDUR_VALIDATE_CERTS
  ca_path:
    description:
      - A file with the certificates of the authorities to trust, or a folder of such files prepared by OpenSSL's
        C(rehash). A path that does not exist is an error. Not looked at with O(validate_certs=false).
      - Left out everywhere, E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) of the environment counts, else the
        authorities that come with C(requests).
    type: path
    vars:
      - name: waldur_ca_path
    env:
      - name: WALDUR_CA_PATH
  client_cert:
    description:
      - A PEM file with a certificate to present to the server, where it asks for one. It may hold the key too. A path
        that does not exist is an error.
      - Left out everywhere, no certificate is presented.
    type: path
    vars:
      - name: waldur_client_cert
    env:
      - name: WALDUR_CLIENT_CERT
  client_key:
    description:
      - The file with the private key of O(client_cert), where that file does not hold it. Without O(client_cert) it
        is an error.
    type: path
    vars:
      - name: waldur_client_key
    env:
      - name: WALDUR_CLIENT_KEY
  proxy:
    description:
      - The URL of a proxy to go through, for C(http) and C(https) alike.
      - Left out everywhere, the usual variables of the environment count (E(HTTPS_PROXY), E(HTTP_PROXY),
        E(ALL_PROXY) and E(NO_PROXY), in small letters too). An image on another host than that of O(api_url) is
        fetched by the proxy that they name for that host.
    type: str
    vars:
      - name: waldur_proxy
    env:
      - name: WALDUR_PROXY
  timeout:
    description:
      - How many seconds to wait for a connection, and again for each piece of an answer, from 0.1 to 3600.
      - A request with its retries and redirects takes no longer than this times the number of tries, whatever the
        server does. Looking up the host name is not counted.
      - Left out everywhere, it is 30.
    type: float
    vars:
      - name: waldur_timeout
    env:
      - name: WALDUR_TIMEOUT
  retries:
    description:
      - How often to try again, from 0 to 20, when no connection is made, no answer comes, or the answer is 429, 502,
        503 or 504. The waits grow, and the server's C(Retry-After) is respected, within O(timeout) times the number
        of tries.
      - Left out everywhere, it is 4.
    type: int
    vars:
      - name: waldur_retries
    env:
      - name: WALDUR_RETRIES
  profile:
    description:
      - The name of a section of the profiles file, a YAML file that holds any of the other connection options under
        names of your choice. It is the file that the environment variable E(WALDUR_PROFILES_FILE) names, else
        C(~/.config/waldur/profiles.yml).
      - A file that can't be read, a name that is not in it, or a key that is not a connection option is an error.
      - A profile named here or by the variable C(waldur_profile) comes before the environment, one named by the
        environment variable E(WALDUR_PROFILE) after it.
      - Left out everywhere, no profile is read.
    type: str
    vars:
      - name: waldur_profile
    env:
      - name: WALDUR_PROFILE
notes:
  - "Each connection option is taken from the first place that has it: the plugin's own option, the variable
    C(waldur_<option>), a O(profile) that an option or a variable names, the environment variable E(WALDUR_<OPTION>) of
    the controller (not a task's C(environment)), the profile that E(WALDUR_PROFILE) names, and last the value that the
    option's description gives. An empty text counts as left out. An inventory sees extra variables alone."
  - O(ca_path), O(client_cert), O(client_key) and the profiles file must be regular files (O(ca_path) may be a folder),
    the profiles file of up to 1 MB, the others of up to 10 MB. A named pipe, a device or a socket is an error.
  - The token goes to the scheme, host and port of O(api_url) and nowhere else. C(.netrc) is not read.
"""
