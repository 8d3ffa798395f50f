# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options of lookups and inventories, with their variables and environment."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.plugin_connection``."""

    DOCUMENTATION = r"""
requirements:
  - python >= 3.10
  - requests >= 2.31
  - PyYAML, if O(profile) is used
options:
  api_url:
    description:
      - The URL of Waldur, with or without the trailing C(/api/), such as V(https://waldur.example.org/api/).
      - The scheme must be C(http) or C(https). A user, a password, a query or a fragment is rejected.
      - Required. See the notes for the sources that can set it.
    type: str
    vars:
      - name: waldur_api_url
    env:
      - name: WALDUR_API_URL
  access_token:
    description:
      - The API token of the user that reads from Waldur.
      - Required, unless O(token_file) or O(token_command) is set. See the notes for the sources that can set it.
      - It must come from the same source as O(api_url), or from a source that sets the same URL. Otherwise nothing is
        sent, so that the token of one site is never sent to another.
      - It must have at least 8 characters, because every text in the output that equals it is masked.
      - Do not write a token into a file in plain text. Use the environment, a connection profile, or Ansible Vault.
    type: str
    vars:
      - name: waldur_access_token
    env:
      - name: WALDUR_ACCESS_TOKEN
      - name: WALDUR_API_TOKEN
  token_file:
    description:
      - A file that contains the token, such as one that an agent of HashiCorp Vault or Kubernetes keeps up to date. A
        relative path starts in the folder where Ansible was started.
      - The file must contain the token alone, in one line. Spaces and line ends around it are removed. A file that is
        missing, unreadable, empty or larger than 64 kB is an error.
      - After a response with status 401, the file is read again, and the request is repeated once if the token has
        changed.
      - The mode of the file is not checked, because many agents and CI systems create such files readable for others.
      - The rules of O(access_token) for the source apply. Only one of O(access_token), O(token_file) and
        O(token_command) can be set in one source.
    type: path
    version_added: 1.1.0
    vars:
      - name: waldur_token_file
    env:
      - name: WALDUR_TOKEN_FILE
  token_command:
    description:
      - A command that prints the token, as a list of the program and its arguments, or as text that is split into words
        as a shell does it. No shell is used, so pipes and variables require C(sh -c).
      - It must print the token alone, in one line, within 60 seconds, and must not ask for input.
      - The command runs once in each process of Ansible. After a response with status 401, it is run again, and the
        request is repeated once if it printed another token.
      - Its output is never shown. If it fails, the message contains the last line of its error output, in which
        everything that may be a secret is masked. Its arguments are visible in the list of processes, so do not write a
        secret into them.
      - The rules of O(access_token) for the source apply. Only one of O(access_token), O(token_file) and
        O(token_command) can be set in one source.
    type: raw
    version_added: 1.1.0
    vars:
      - name: waldur_token_command
    env:
      - name: WALDUR_TOKEN_COMMAND
  auth_scheme:
    description:
      - The scheme in the C(Authorization) header. Personal access tokens of newer versions require V(Bearer).
      - The default is V(Token).
    type: str
    vars:
      - name: waldur_auth_scheme
    env:
      - name: WALDUR_AUTH_SCHEME
    choices: [Token, Bearer]
  validate_certs:
    description:
      - Whether to check the certificate of the server. Turn it off for tests only, because the token is then sent to
        any server that responds.
      - The default is V(true).
    type: bool
    vars:
      - name: waldur_validate_certs
    env:
      - name: WALDUR_VALIDATE_CERTS
  ca_path:
    description:
      - A file with the CA certificates to trust, or a folder of such files prepared with OpenSSL's C(rehash). A path
        that does not exist is an error. Ignored with O(validate_certs=false).
      - The default is E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) from the environment, otherwise the CA certificates of
        C(requests).
    type: path
    vars:
      - name: waldur_ca_path
    env:
      - name: WALDUR_CA_PATH
  client_cert:
    description:
      - A PEM file with a client certificate, if the server requires one. It may contain the key too. A path that does
        not exist is an error.
      - By default, no certificate is presented.
    type: path
    vars:
      - name: waldur_client_cert
    env:
      - name: WALDUR_CLIENT_CERT
  client_key:
    description:
      - The file with the private key of O(client_cert), if that file does not contain it. Without O(client_cert), it is
        an error.
    type: path
    vars:
      - name: waldur_client_key
    env:
      - name: WALDUR_CLIENT_KEY
  proxy:
    description:
      - The URL of a proxy, for both C(http) and C(https).
      - By default, the usual variables of the environment are used (E(HTTPS_PROXY), E(HTTP_PROXY), E(ALL_PROXY) and
        E(NO_PROXY), in lower case too). An image on another host than that of O(api_url) is downloaded through the
        proxy that they set for that host.
    type: str
    vars:
      - name: waldur_proxy
    env:
      - name: WALDUR_PROXY
  timeout:
    description:
      - How many seconds to wait for a connection, and then for each part of a response, from 0.1 to 3600.
      - A request with its retries and redirects takes at most this value times the number of attempts, whatever the
        server does. The lookup of the host name is not included.
      - The default is 30.
    type: float
    vars:
      - name: waldur_timeout
    env:
      - name: WALDUR_TIMEOUT
  retries:
    description:
      - How often to retry a request, from 0 to 20, if there is no connection, no response, or a response with status
        429, 502, 503 or 504. The time between retries increases, and C(Retry-After) of the server is respected, within
        O(timeout) times the number of attempts.
      - The default is 4.
    type: int
    vars:
      - name: waldur_retries
    env:
      - name: WALDUR_RETRIES
  profile:
    description:
      - The name of a connection profile, which is a named set of connection options. Connection profiles are defined in
        a YAML file, whose path is in the environment variable E(WALDUR_PROFILES_FILE). The default is
        C(~/.config/waldur/profiles.yml).
      - A file that can't be read, an unknown name, or a key that is not a connection option is an error.
      - A connection profile selected here or in the variable C(waldur_profile) has precedence over the environment. The
        environment has precedence over a connection profile selected in the environment variable E(WALDUR_PROFILE).
      - By default, no connection profile is used.
    type: str
    vars:
      - name: waldur_profile
    env:
      - name: WALDUR_PROFILE
notes:
  - "Each connection option is taken from the first source that sets it: the option of the plugin, the variable
    C(waldur_<option>), a O(profile) that an option or a variable selects, the environment variable E(WALDUR_<OPTION>)
    of the controller (not the C(environment) of a task), the connection profile that E(WALDUR_PROFILE) selects, and
    finally the default in the description of the option. An empty string counts as not set. An inventory can only use
    extra variables."
  - O(ca_path), O(client_cert), O(client_key) and the file of connection profiles must be regular files (O(ca_path) may
    be a folder). The file of connection profiles can have up to 1 MB, the others up to 10 MB. A named pipe, a device or
    a socket is an error.
  - The token is sent only to the scheme, host and port of O(api_url). C(.netrc) is not read.
"""
