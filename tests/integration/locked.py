"""A broker and a Redis with locks on: TLS under an authority of the test's own, users, passwords and ACLs."""

from __future__ import annotations

import base64
import datetime as dt
import json
import re
import threading
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any
from urllib.parse import unquote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID
from kafka.admin import ACL, ACLOperation, ACLPermissionType, ACLResourcePatternType, ResourcePattern, ResourceType
from redis import Redis
from redis.exceptions import RedisError

from stamgast.local.kafka_config import node_properties
from stamgast.local.kafka_jars import _JAVA, _QUIET, JarKafka, _run
from stamgast.local.processes import free_port
from stamgast.local.redis_server import RedisServer
from stamgast.log.topics import Topics, admin

DOC = Path(__file__).parents[2] / "docs" / "operations.md"
PASSWORD = "a password of the tests"
USERS = ("web", "worker", "commands", "shop")
_LOGIN = "org.apache.kafka.common.security"


class Authority:
    """Vouches for `localhost`."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self.ca_file, self.cert_file, self.key_file = folder / "ca.pem", folder / "cert.pem", folder / "key.pem"
        key, name = ec.generate_private_key(ec.SECP256R1()), _name("Authority of a test")
        ca = _signed(name, key, name, key, x509.BasicConstraints(ca=True, path_length=0))
        own = ec.generate_private_key(ec.SECP256R1())
        names = x509.SubjectAlternativeName([x509.DNSName("localhost"), x509.IPAddress(ip_address("127.0.0.1"))])
        cert = _signed(_name("localhost"), own, name, key, names)
        self.ca_file.write_bytes(ca)
        self.cert_file.write_bytes(cert + ca)
        pem = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        self.key_file.write_bytes(own.private_bytes(*pem))
        self.store = folder / "store.pem"
        self.store.write_bytes(self.key_file.read_bytes() + self.cert_file.read_bytes())


def _name(text: str) -> x509.Name:
    return x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, text)])


def _signed(subject: x509.Name, key: Any, issuer: x509.Name, by: Any, extension: x509.ExtensionType) -> bytes:
    now = dt.datetime.now(dt.UTC)
    built = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=2))
        .add_extension(extension, critical=isinstance(extension, x509.BasicConstraints))
    )
    return built.sign(by, hashes.SHA256()).public_bytes(serialization.Encoding.PEM)


class LockedKafka(JarKafka):
    """Lets in by SCRAM or a token, over TLS; and from inside (`inner`), where only the test is, without."""

    def __init__(self, jars: Path, folder: Path, authority: Authority) -> None:
        super().__init__(jars, folder)
        self.address = f"localhost:{self._port}"
        self._inner = free_port()
        self.inner = f"127.0.0.1:{self._inner}"
        self._authority = authority

    def _format(self) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        data = str((self._folder / "data").resolve())
        settings = node_properties(port=self._inner, controller_port=self._controller_port, log_dir=data)
        settings |= {
            "listeners": f"{settings['listeners']},LOCKED://127.0.0.1:{self._port}",
            "advertised.listeners": f"PLAINTEXT://{self.inner},LOCKED://{self.address}",
            "listener.security.protocol.map": "CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,LOCKED:SASL_SSL",
            "sasl.enabled.mechanisms": "SCRAM-SHA-512,OAUTHBEARER",
            "listener.name.locked.scram-sha-512.sasl.jaas.config": f"{_LOGIN}.scram.ScramLoginModule required;",
            "listener.name.locked.oauthbearer.sasl.jaas.config": f"{_LOGIN}.oauthbearer.OAuthBearerLoginModule "
            'required unsecuredLoginStringClaim_sub="broker";',
            "ssl.keystore.type": "PEM",
            "ssl.keystore.location": str(self._authority.store.resolve()),
            "authorizer.class.name": "org.apache.kafka.metadata.authorizer.StandardAuthorizer",
            "super.users": "User:ANONYMOUS",
            "allow.everyone.if.no.acl.found": "false",
        }
        file = self._folder / "server.properties"
        file.write_text("".join(f"{name}={value}\n" for name, value in settings.items()))
        cluster = base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")
        command = [*_JAVA, _QUIET, "-cp", f"{self._jars}/*", "kafka.tools.StorageTool", "format"]
        for user in USERS:
            command += ["--add-scram", f"SCRAM-SHA-512=[name={user},password={PASSWORD}]"]
        _run([*command, f"--cluster-id={cluster}", "-c", str(file)], seconds=60)


def documented_acls(topics: Topics) -> list[ACL]:
    """What docs/operations.md says that each user may, for topics and groups under a test's prefix."""
    table = DOC.read_text().partition("| user | on | may |")[2].partition("\n\n")[0]
    found = []
    for line in table.splitlines()[2:]:
        user, on, may = (cell.strip() for cell in line.strip("|").split("|"))
        names = re.findall(r"`([^`]+)`", on)
        for operation in may.split(", "):
            word = ACLOperation[re.sub(r"(?<!^)(?=[A-Z])", "_", operation).upper()]
            if on.startswith("groups"):
                places = [(ResourceType.GROUP, topics.prefix + names[0], ACLResourcePatternType.PREFIXED)]
            else:
                wanted = [topic.removeprefix(topics.prefix) for topic, _ in topics] if on == "all topics" else names
                places = [(ResourceType.TOPIC, topics.prefix + each, ACLResourcePatternType.LITERAL) for each in wanted]
            found += [
                ACL(f"User:{user}", "*", word, ACLPermissionType.ALLOW, ResourcePattern(*place)) for place in places
            ]
    assert {acl.principal.removeprefix("User:") for acl in found} == set(USERS)
    return found


def allow(bootstrap: str, acls: list[ACL]) -> None:
    with admin(bootstrap) as client:
        client.create_acls(acls)


class LockedRedis(RedisServer):
    """Speaks TLS alone, with one user, who may what docs/operations.md says."""

    def __init__(self, program: str, folder: Path, authority: Authority) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        line = next(each for each in DOC.read_text().splitlines() if each.startswith("user stamgast on >"))
        users = folder / "users.acl"
        users.write_text(f"{line.replace('>PASSWORD', '>secret')}\nuser default off\n")
        more = {
            "--tls-cert-file": str(authority.cert_file.resolve()),
            "--tls-key-file": str(authority.key_file.resolve()),
            "--tls-ca-cert-file": str(authority.ca_file.resolve()),
            "--tls-auth-clients": "no",
            "--aclfile": str(users.resolve()),
        }
        super().__init__(program, folder, more=more)
        self._more |= {"--port": "0", "--tls-port": str(self._port)}
        self.url = f"rediss://stamgast:secret@localhost:{self._port}/0?ssl_ca_certs={authority.ca_file.resolve()}"

    def _has_loaded(self) -> bool:
        try:
            with Redis.from_url(self.url) as client:
                return bool(client.ping())
        except RedisError:
            return False


@contextmanager
def giving_tokens(clients: Mapping[str, str], for_s: int = 60) -> Iterator[tuple[str, list[str]]]:
    """An OAuth server that knows these clients and secrets; with its URL comes whom it has given a token."""
    given: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            words = base64.b64decode(self.headers["Authorization"].removeprefix("Basic ")).decode()
            client, _, secret = map(unquote, words.partition(":"))
            good = clients.get(client) == secret
            body = json.dumps({"access_token": _token(client, for_s), "expires_in": for_s} if good else {}).encode()
            given.extend([client] if good else [])
            self.send_response(200 if good else 401)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/token", given
    server.shutdown()
    server.server_close()


def _token(client: str, for_s: int) -> str:
    now = dt.datetime.now(dt.UTC).timestamp()
    parts = ({"alg": "none"}, {"sub": client, "iat": now, "exp": now + for_s})
    return ".".join(base64.urlsafe_b64encode(json.dumps(each).encode()).decode().rstrip("=") for each in parts) + "."
