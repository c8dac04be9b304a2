"""A seeded corpus of log lines with and without secrets, for benchmarks.secrets_scan and the unit tests.

Every token is random, in the published format of its kind, with a valid checksum where the format has one. It stands
in contexts that logs have: plain text, JSON in JSON, logfmt, headers, URLs, colours, commands. Lines without a secret
are near misses (a token that is cut, a wrong check digit, a placeholder, prose), or look random (UUIDs, digests, trace
ids, pictures in base64, stack traces).
"""

import base64
import hashlib
import json
import string
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from random import Random

from logops.quality.secrets.checksums import IBAN_LENGTHS

WORD = string.ascii_letters + string.digits
URL_SAFE = WORD + "-_"
BASE64 = WORD + "+/"
HEX = "0123456789abcdef"
LOWER = string.ascii_lowercase + string.digits
BASE32 = string.ascii_uppercase + "234567"


@dataclass(frozen=True)
class Sample:
    """A line of the corpus."""

    text: str
    rule_id: str | None
    """The rule that has to find it; None if the line has no secret."""
    value: str
    """The secret; for a line without one, the name of its kind."""


def draw(random: Random, alphabet: str, count: int) -> str:
    return "".join(random.choices(alphabet, k=count))


def _base64(random: Random, size: int) -> str:
    return base64.b64encode(random.randbytes(size)).decode()


def _url_safe(random: Random, size: int) -> str:
    return base64.urlsafe_b64encode(random.randbytes(size)).decode().rstrip("=")


def _jwt(random: Random) -> str:
    claims = {"sub": draw(random, HEX, 12), "iat": random.randrange(10**9, 2 * 10**9), "scope": "read write"}
    parts = (json.dumps(part).encode() for part in ({"alg": "RS256", "typ": "JWT"}, claims))
    encoded = [base64.urlsafe_b64encode(part).decode().rstrip("=") for part in parts]
    return ".".join([*encoded, _url_safe(random, 256)])


def _private_key(random: Random) -> str:
    kind = random.choice(["RSA ", "EC ", "OPENSSH ", "ENCRYPTED ", ""])
    body = _base64(random, 600)
    lines = [body[start : start + 64] for start in range(0, len(body), 64)]
    end = random.choice(["\n", "\\n"])
    return end.join([f"-----BEGIN {kind}PRIVATE KEY-----", *lines, f"-----END {kind}PRIVATE KEY-----"])


def _password(random: Random) -> str:
    """Return a password as people and programs make it. A few are words only, which no rule can tell from prose."""
    words = ["correct", "horse", "battery", "staple", "Dragon", "Winter", "monkey", "Letmein", "shadow"]
    return random.choice(
        [
            lambda: draw(random, WORD, random.randrange(10, 24)),
            lambda: draw(random, WORD + "!#$%*+-.:@_~", random.randrange(10, 24)) + "7!",
            lambda: random.choice(words) + str(random.randrange(10, 9999)) + random.choice(["!", "", "#", "&x"]),
            lambda: "-".join(random.sample(words, 3)) + str(random.randrange(10)),
            lambda: "".join(random.sample(words, 2)) if random.random() < 0.3 else draw(random, WORD, 16) + "1",
        ]
    )()


def _card(random: Random) -> str:
    start, length = random.choice([("4", 16), ("51", 16), ("2221", 16), ("34", 15), ("6011", 16), ("3528", 16)])
    number = start + draw(random, string.digits, length - len(start) - 1)
    number += next(digit for digit in string.digits if _luhn_sum(number + digit) % 10 == 0)
    if random.random() < 0.5:
        sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
        ends = [sum(sizes[: count + 1]) for count in range(len(sizes))]
        parts = [number[end - size : end] for end, size in zip(ends, sizes, strict=True)]
        return random.choice(" -").join(parts)
    return number


def _luhn_sum(number: str) -> int:
    digits = [int(digit) for digit in reversed(number)]
    return sum(digits[::2]) + sum(sum(divmod(2 * digit, 10)) for digit in digits[1::2])


def _iban(random: Random) -> str:
    country = random.choice(sorted(IBAN_LENGTHS))
    account = draw(random, string.digits, IBAN_LENGTHS[country] - 4)
    digits = "".join(str(int(character, 36)) for character in f"{account}{country}00")
    iban = f"{country}{98 - int(digits) % 97:02d}{account}"
    if random.random() < 0.5:
        return " ".join(iban[start : start + 4] for start in range(0, len(iban), 4))
    return iban


TOKENS: Mapping[str, Callable[[Random], str]] = {
    "azure-storage-key-alone": lambda r: draw(r, BASE64, 76) + "+ASt" + draw(r, BASE64, 5) + r.choice("AQgw") + "==",
    "azure-entra-client-secret": lambda r: draw(r, WORD, 3) + "8Q~" + draw(r, URL_SAFE + "~.", 33) + draw(r, WORD, 1),
    "azure-devops-token": lambda r: draw(r, WORD, 76) + "AZDO" + draw(r, WORD, 4),
    "azure-function-key": lambda r: draw(r, URL_SAFE, 44) + "AzFu" + draw(r, URL_SAFE, 5) + r.choice("AQgw") + "==",
    "azure-container-registry-key": lambda r: draw(r, BASE64, 42) + "+ACR" + r.choice("ABCD") + draw(r, WORD, 5),
    "aws-access-key-id": lambda r: "AKIA" + draw(r, BASE32, 16),
    "google-api-key": lambda r: "AIza" + draw(r, URL_SAFE, 35),
    "google-oauth-client-secret": lambda r: "GOCSPX-" + draw(r, URL_SAFE, 28),
    "google-oauth-token": lambda r: "ya29." + draw(r, URL_SAFE, 120),
    "google-refresh-token": lambda r: "1//0" + draw(r, URL_SAFE, 80),
    "github-token": lambda r: f"gh{r.choice('pousr')}_{draw(r, WORD, 36)}",
    "github-fine-grained-token": lambda r: f"github_pat_{draw(r, WORD, 22)}_{draw(r, WORD, 59)}",
    "gitlab-token": lambda r: r.choice(["glpat-", "gldt-", "glrt-", "glptt-"]) + draw(r, URL_SAFE, 20),
    "npm-token": lambda r: "npm_" + draw(r, WORD, 36),
    "pypi-token": lambda r: "pypi-AgEIcHlwaS5vcmc" + draw(r, URL_SAFE, 140),
    "docker-hub-token": lambda r: "dckr_pat_" + draw(r, URL_SAFE, 27),
    "slack-token": lambda r: f"xoxb-{draw(r, string.digits, 12)}-{draw(r, string.digits, 12)}-{draw(r, WORD, 24)}",
    "stripe-key": lambda r: r.choice(["sk_live_", "rk_live_", "sk_test_"]) + draw(r, WORD, r.choice([24, 99])),
    "stripe-webhook-secret": lambda r: "whsec_" + draw(r, WORD, 32),
    "sendgrid-key": lambda r: f"SG.{draw(r, URL_SAFE, 22)}.{draw(r, URL_SAFE, 43)}",
    "grafana-token": lambda r: f"glsa_{draw(r, WORD, 32)}_{draw(r, HEX, 8)}",
    "vault-token": lambda r: "hvs." + draw(r, URL_SAFE, 95),
    "terraform-cloud-token": lambda r: f"{draw(r, WORD, 14)}.atlasv1.{draw(r, WORD, 67)}",
    "databricks-token": lambda r: "dapi" + draw(r, HEX, 32),
    "openai-key": lambda r: "sk-proj-" + draw(r, URL_SAFE, 74) + "T3BlbkFJ" + draw(r, URL_SAFE, 74),
    "anthropic-key": lambda r: f"sk-ant-api03-{draw(r, URL_SAFE, 93)}AA",
    "hugging-face-token": lambda r: "hf_" + draw(r, string.ascii_letters, 34),
    "private-key": _private_key,
    "age-secret-key": lambda r: "AGE-SECRET-KEY-1" + draw(r, "QPZRY9X8GF2TVDW0S3JN54KHCE6MUA7L", 58),
    "jwt": _jwt,
    "payment-card": _card,
    "iban": _iban,
    "e-mail": lambda r: f"{draw(r, LOWER, 6)}.{draw(r, LOWER, 7)}@{draw(r, string.ascii_lowercase, 8)}.com",
}
"""Values that a rule knows by themselves."""

CONTEXTS = (
    "{}",
    "login of app with {} failed: 403",
    'level=error msg="request refused" header="{}" status=401',
    '{{"level":"info","msg":"got {}","status":200}}',
    '{{"log":"{{\\"value\\":\\"{}\\"}}","stream":"stdout"}}',
    "\x1b[31m{}\x1b[0m",
    "export VALUE={}",
    "x-value: {}",
    "tried '{}', then gave up",
    "['--value', '{}']",
    "see ({}).",
    "row 17;{};active",
    "\t{}\t",
    "a\\n{}",
)
"""Contexts that say nothing about the value."""

CONTEXTUAL: Mapping[str, tuple[Callable[[Random], str], tuple[str, ...]]] = {
    "azure-storage-key": (
        lambda r: _base64(r, 64),
        (
            "DefaultEndpointsProtocol=https;AccountName=shop;AccountKey={};EndpointSuffix=core.windows.net",
            '{{"accountName":"shop","accountKey":"{}"}}',
            'AZURE_STORAGE_ACCOUNT_KEY="{}"',
        ),
    ),
    "azure-shared-access-key": (
        lambda r: _base64(r, 32),
        (
            "Endpoint=sb://shop.servicebus.windows.net/;SharedAccessKeyName=send;SharedAccessKey={}",
            "HostName=shop.azure-devices.net;DeviceId=d1;SharedAccessKey={}",
        ),
    ),
    "azure-sas-signature": (
        lambda r: _base64(r, 32).replace("+", "%2B").replace("/", "%2F").replace("=", "%3D"),
        (
            "GET https://shop.blob.core.windows.net/c/b?sv=2024-11-04&se=2026-12-01T00%3A00%3A00Z&sr=b&sp=r&sig={} 403",
            "PUT /c/b?sig={}&sv=2024-11-04&sp=w HTTP/1.1",
        ),
    ),
    "aws-secret-access-key": (
        lambda r: draw(r, BASE64, 40),
        (
            "aws_secret_access_key = {}",
            "AWS_SECRET_ACCESS_KEY={} terraform apply",
            '{{"AccessKeyId":"ASIAQ","SecretAccessKey":"{}"}}',
            'secret_key: "{}"',
        ),
    ),
    "aws-session-token": (
        lambda r: _base64(r, 270),
        ("AWS_SESSION_TOKEN={}", "x-amz-security-token: {}", '{{"SessionToken": "{}"}}'),
    ),
    "aws-signed-url": (
        lambda r: draw(r, HEX, 64),
        ("GET /b/k?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-SignedHeaders=host&X-Amz-Signature={} 200",),
    ),
    "slack-webhook": (
        lambda r: f"T{draw(r, BASE32, 10)}/B{draw(r, BASE32, 10)}/{draw(r, WORD, 24)}",
        ("POST https://hooks.slack.com/services/{} 200",),
    ),
    "kubeconfig-client-key": (
        lambda r: _base64(r, 900),
        ("    client-key-data: {}", '{{"client-key-data":"{}"}}'),
    ),
    "kubernetes-bootstrap-token": (
        lambda r: f"{draw(r, LOWER, 6)}.{draw(r, LOWER, 16)}",
        ("kubeadm join 10.0.0.4:6443 --token {} --discovery-token-ca-cert-hash sha256:0", 'token: "{}"'),
    ),
    "airflow-fernet-key": (
        lambda r: base64.urlsafe_b64encode(r.randbytes(32)).decode(),
        ("AIRFLOW__CORE__FERNET_KEY={}", "fernet_key = {}", '{{"fernet_key": "{}"}}'),
    ),
    "bearer-token": (
        lambda r: _url_safe(r, 32),
        (
            "Authorization: Bearer {}",
            '{{"headers":{{"authorization":"Bearer {}"}}}}',
            "curl -H 'Authorization: bearer {}'",
        ),
    ),
    "basic-authorization": (
        lambda r: base64.b64encode(f"app:{draw(r, WORD, 14)}".encode()).decode(),
        ("Authorization: Basic {}", '"authorization": "Basic {}"', "authorization=[Basic {}]"),
    ),
    "password-in-url": (
        lambda r: draw(r, WORD + "-_.~!", r.randrange(8, 20)) + draw(r, WORD, 1),
        (
            "connecting to postgresql://app:{}@db-1.internal:5432/shop?sslmode=require",
            '"url":"amqps://shop:{}@mq.internal/vhost"',
            "redis://:{}@cache:6379/0 refused",
            "git clone https://ci:{}@git.internal/shop.git",
        ),
    ),
    "connection-string-password": (
        _password,
        (
            "Server=tcp:shop.database.windows.net,1433;Initial Catalog=shop;User ID=app;Password={};Encrypt=True;",
            'cs="Data Source=db1;Initial Catalog=shop;User Id=app;Pwd={};"',
        ),
    ),
    "password": (
        _password,
        (
            'user created {{"name":"bo","password":"{}","role":"admin"}}',
            "db_password={} retry=3",
            "password: {}",
            "PGPASSWORD={} psql -h db",
            '{{"log":"{{\\"passwd\\":\\"{}\\"}}"}}',
            "POST /login user=bo&password={}&remember=1 401",
            "mysql --user app --password {} shop",
            "<password>{}</password>",
            "{{'user': 'bo', 'password': '{}'}}",
        ),
    ),
    "api-key": (
        lambda r: r.choice([lambda: draw(r, WORD, 32), lambda: draw(r, HEX, 40), lambda: _url_safe(r, 32)])(),
        (
            "api_key={} quota exceeded",
            '{{"apiKey":"{}","plan":"pro"}}',
            "X-Api-Key: {}",
            "client_secret={}&grant_type=client_credentials",
            "SHOP_WEBHOOK_SECRET={}",
            "refresh_token: {}",
            '{{"access_token":"{}","expires_in":3600}}',
        ),
    ),
}
"""Values that only their context makes a secret."""

PROSE = (
    "password: incorrect",
    "password=changeme is the default, change it",
    "Password authentication failed for user app",
    '{"errors":{"password":"is too short (minimum is 12 characters)"}}',
    "password=******** user=bo",
    "password: <redacted>",
    "PASSWORD=${DB_PASSWORD} not set",
    "passwd: password updated successfully",
    "PWD=/opt/app2/releases OLDPWD=/root",
    "password=get_password(user1)",
    "token expired 35 seconds ago",
    "secret: shop-tls-2024-prod-v2 mounted",
    "secretName=loki-tls-certificates-2026",
    "next_page_token=CAUQAA1234567890abcdef",
    "continuation_token: 2026112817abcdef0123456789",
    "Bearer authentication is required",
    'WWW-Authenticate: Bearer realm="registry", error="invalid_token"',
    'WWW-Authenticate: Basic realm="shop"',
    "api_key is missing; see https://docs.internal/api-keys#rotation",
    "key=user:profile:1200345 ttl=300 hit",
    "cache key: product/1200345/price/eur/v2",
    "primary_key=order_items_2026_pkey",
    "ssh_host_ed25519_key.pub loaded",
    "AKIAIOSFODNN7EXAMPLE is the example of the documents",
    "git@github.com: Permission denied (publickey)",
    "mail to bob@example.com skipped",
    "no-reply@shop-mail.com bounced",
    "image shop@sha256:0123 pulled",
    "npm_config_cache=/home/ci/.npm npm_lifecycle_event=build",
    "https://shop.internal:8443/@scope/package",
    "http://[::1]:3100/loki/api/v1/push",
    "expected -----BEGIN CERTIFICATE----- in ca.pem",
    "scope=sk-learn version=1.5",
    "ghp_xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx",
    "total 4111 1111 1111 1112 units",
)


def _stack_trace(random: Random) -> str:
    frames = [
        f'  File "/app/shop/{draw(random, string.ascii_lowercase, 7)}.py", line {random.randrange(900)}, in handle'
        for _ in range(6)
    ]
    return "\n".join(["Traceback (most recent call last):", *frames, "KeyError: 'order_id'"])


def _card_with_wrong_digit(random: Random) -> str:
    number = _card(random)
    return f"order {number[:-1]}{(int(number[-1]) + random.randrange(1, 10)) % 10} shipped"


def _iban_with_wrong_checksum(random: Random) -> str:
    iban = _iban(random)
    return f"from {iban[:2]}{(int(iban[2:4]) + random.randrange(1, 90)) % 100:02d}{iban[4:]}"


def _cut_token(random: Random) -> str:
    rule_id = random.choice(["github-token", "npm-token", "gitlab-token", "aws-access-key-id", "google-api-key"])
    token = TOKENS[rule_id](random)
    return f"log line was cut at {token[: len(token) // 2]}"


ORDINARY: Mapping[str, Callable[[Random], str]] = {
    "prose": lambda r: r.choice(PROSE),
    "uuid": lambda r: (
        f"request_id={draw(r, HEX, 8)}-{draw(r, HEX, 4)}-4{draw(r, HEX, 3)}-a{draw(r, HEX, 3)}-{draw(r, HEX, 12)}"
    ),
    "digest": lambda r: f"pulled sha256:{hashlib.sha256(r.randbytes(8)).hexdigest()}",
    "commit": lambda r: f"deploy commit {hashlib.sha1(r.randbytes(8)).hexdigest()} to prod",
    "etag": lambda r: f'ETag: "{draw(r, HEX, 32)}" Content-MD5: {_base64(r, 16)}',
    "trace": lambda r: f'{{"trace_id":"{draw(r, HEX, 32)}","span_id":"{draw(r, HEX, 16)}"}}',
    "traceparent": lambda r: f"traceparent: 00-{draw(r, HEX, 32)}-{draw(r, HEX, 16)}-01",
    "picture": lambda r: f'<img src="data:image/png;base64,{_base64(r, r.randrange(300, 6000))}">',
    "blob": lambda r: f"payload={_base64(r, r.randrange(40, 400))}",
    "stack trace": _stack_trace,
    "number": lambda r: f"order {r.randrange(10**15, 10**16)} at {r.randrange(10**12, 10**13)}",
    "wrong check digit": _card_with_wrong_digit,
    "wrong IBAN": _iban_with_wrong_checksum,
    "cut token": _cut_token,
    "query": lambda r: f"SELECT * FROM users WHERE token_id = {r.randrange(10**6)} AND key LIKE 'a%'",
    "binary": lambda r: r.randbytes(60).decode("latin-1"),
}
"""Lines without a secret, by kind."""


def with_secrets(seed: int, each: int) -> Iterator[Sample]:
    """Yield `each` lines for every rule."""
    random = Random(f"{seed}:secrets")
    for rule_id, token in TOKENS.items():
        for number in range(each):
            value = token(random)
            yield Sample(CONTEXTS[number % len(CONTEXTS)].format(value), rule_id, value)
    for rule_id, (contextual, contexts) in CONTEXTUAL.items():
        for number in range(each):
            value = contextual(random)
            yield Sample(contexts[number % len(contexts)].format(value), rule_id, value)


def without_secrets(seed: int, each: int) -> Iterator[Sample]:
    """Yield `each` lines for every kind."""
    random = Random(f"{seed}:ordinary")
    for kind, line in ORDINARY.items():
        for _ in range(each):
            yield Sample(line(random), None, kind)
