# Copyright: waldur.provider contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

"""The connection options of every module, described once."""

from __future__ import annotations


class ModuleDocFragment:
    """The fragment ``waldur.provider.connection``."""

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
      - If omitted, it is taken from the variable C(waldur_api_url), the connection profile or the environment variable
        E(WALDUR_API_URL). If none of them sets it, the task fails.
    type: str
  access_token:
    description:
      - The API token of the user that the task acts as.
      - If omitted, it is taken from the variable C(waldur_access_token), the connection profile or the environment
        variable E(WALDUR_ACCESS_TOKEN) (or E(WALDUR_API_TOKEN)). If none of them sets it, O(token_file) or
        O(token_command), the task fails.
      - It must come from the same source as O(api_url), or from a source that sets the same URL. Otherwise the task
        fails before anything is sent, so that the token of one site is never sent to another.
      - It must have at least 8 characters, because every text in the output that equals it is masked.
      - Do not write a token into a task, because Ansible shows the source of tasks that fail. Use the environment, a
        connection profile, or a variable from Ansible Vault.
    type: str
  token_file:
    description:
      - A file on the controller that contains the token, such as one that an agent of HashiCorp Vault or Kubernetes
        keeps up to date. A relative path starts in the folder where Ansible was started.
      - The file must contain the token alone, in one line. Spaces and line ends around it are removed. A file that is
        missing, unreadable, empty or larger than 64 kB is an error.
      - The file is read when a task starts. After a response with status 401, it is read again, and the request is
        repeated once if the token has changed. This is not possible if the task is asynchronous or its host is not
        local, because the controller then reads the token and passes it to the module.
      - The mode of the file is not checked, because many agents and CI systems create such files readable for others.
      - The variable is C(waldur_token_file), the environment variable E(WALDUR_TOKEN_FILE). The rules of
        O(access_token) for the source apply. Only one of O(access_token), O(token_file) and O(token_command) can be set
        in one source.
    type: path
    version_added: 1.1.0
  token_command:
    description:
      - A command that prints the token, run on the controller, as a list of the program and its arguments, or as text
        that is split into words as a shell does it. No shell is used, so pipes and variables require C(sh -c).
      - It must print the token alone, in one line, within 60 seconds, and must not ask for input. It gets the
        environment of the task.
      - The command runs once in each process of Ansible, so once for all items of a loop. After a response with status
        401, it is run again, and the request is repeated once if it printed another token. This is not possible if the
        task is asynchronous or its host is not local, because the controller then reads the token and passes it to the
        module.
      - Its output is never shown. If it fails, the message contains the last line of its error output, in which
        everything that may be a secret is masked. Its arguments are visible in the list of processes, so do not write a
        secret into them.
      - The variable is C(waldur_token_command), the environment variable E(WALDUR_TOKEN_COMMAND). The rules of
        O(access_token) for the source apply. Only one of O(access_token), O(token_file) and O(token_command) can be set
        in one source.
    type: raw
    version_added: 1.1.0
  auth_scheme:
    description:
      - The scheme in the C(Authorization) header. Personal access tokens of newer versions require V(Bearer).
      - The default is V(Token).
      - The variable is C(waldur_auth_scheme), the environment variable E(WALDUR_AUTH_SCHEME).
    type: str
    choices: [Token, Bearer]
  validate_certs:
    description:
      - Whether to check the certificate of the server. Turn it off for tests only, because the token is then sent to
        any server that responds.
      - The default is V(true).
      - The variable is C(waldur_validate_certs), the environment variable E(WALDUR_VALIDATE_CERTS).
    type: bool
  ca_path:
    description:
      - A file with the CA certificates to trust, or a folder of such files prepared with OpenSSL's C(rehash). A path
        that does not exist is an error. Ignored with O(validate_certs=false).
      - The default is E(REQUESTS_CA_BUNDLE) or E(CURL_CA_BUNDLE) from the environment of the task, otherwise the CA
        certificates of C(requests).
      - The variable is C(waldur_ca_path), the environment variable E(WALDUR_CA_PATH).
    type: path
  client_cert:
    description:
      - A PEM file with a client certificate, if the server requires one. It may contain the key too. A path that does
        not exist is an error.
      - By default, no certificate is presented.
      - The variable is C(waldur_client_cert), the environment variable E(WALDUR_CLIENT_CERT).
    type: path
  client_key:
    description:
      - The file with the private key of O(client_cert), if that file does not contain it. Without O(client_cert), it is
        an error.
      - The variable is C(waldur_client_key), the environment variable E(WALDUR_CLIENT_KEY).
    type: path
  proxy:
    description:
      - The URL of a proxy, for both C(http) and C(https).
      - By default, the usual variables in the environment of the task are used (E(HTTPS_PROXY), E(HTTP_PROXY),
        E(ALL_PROXY) and E(NO_PROXY), in lower case too). An image on another host than that of O(api_url) is downloaded
        through the proxy that they set for that host.
      - The variable is C(waldur_proxy), the environment variable E(WALDUR_PROXY).
    type: str
  timeout:
    description:
      - How many seconds to wait for a connection, and then for each part of a response, from 0.1 to 3600.
      - A request with its retries and redirects takes at most this value times the number of attempts, whatever the
        server does. The lookup of the host name is not included.
      - The default is 30.
      - The variable is C(waldur_timeout), the environment variable E(WALDUR_TIMEOUT).
    type: float
  retries:
    description:
      - How often to retry a request, from 0 to 20, if there is no connection, no response, or a response with status
        429, 502, 503 or 504. The time between retries increases, and C(Retry-After) of the server is respected, within
        O(timeout) times the number of attempts.
      - Requests that must not be carried out twice (creating a provider, granting a role, rotating the secret code) are
        retried only if the first one was certainly not carried out.
      - The default is 4.
      - The variable is C(waldur_retries), the environment variable E(WALDUR_RETRIES).
    type: int
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
notes:
  - "Each connection option is taken from the first source that sets it: the task (and C(module_defaults)), the variable
    C(waldur_<option>), a O(profile) that the task or a variable selects, the environment variable E(WALDUR_<OPTION>),
    the connection profile that E(WALDUR_PROFILE) selects, and finally the default in the description of the option. An
    empty string counts as not set. The C(environment) of the task is part of the environment."
  - O(ca_path), O(client_cert), O(client_key) and the file of connection profiles must be regular files (O(ca_path) may
    be a folder). The file of connection profiles can have up to 1 MB, the others up to 10 MB. A named pipe, a device or
    a socket is an error.
  - The token is sent only to the scheme, host and port of O(api_url). C(.netrc) is not read.
"""
