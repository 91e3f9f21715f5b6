# ruff: noqa: E501 - the RFC's messages, one a line
"""Requests as RFC 4475 makes them: some legal and strange, some broken. Its own addresses are replaced by ours.

Each says what RFC 4475 calls it. `{to}` is the service, `{me}` the sender, `{id}` differs each time.
"""

from __future__ import annotations

import secrets

_REQUEST = (
    "{method} {uri} SIP/2.0\n{via}From: {whom}\nTo: {to_line}\nCall-ID: {id}\nCSeq: {cseq}\nMax-Forwards: 70\n"
    "{more}Content-Length: {length}\n\n{body}"
)
SDP = "v=0\no=- 1 1 IN IP4 {me}\ns=-\nc=IN IP4 {me}\nt=0 0\nm=audio 40000 RTP/AVP 8\n"


def _one(method: str = "OPTIONS", **other: str) -> str:
    parts = {
        "method": method,
        "uri": "sip:{user}@{to}",
        "via": "Via: SIP/2.0/UDP {me};branch=z9hG4bK{id};rport\n",
        "whom": "<sip:{user}@{to}>;tag={id}",
        "to_line": "<sip:{user}@{to}>",
        "id": "{id}",
        "cseq": f"1 {method}",
        "more": "Contact: <sip:{user}@{me}>\n",
        "length": "0",
        "body": "",
    } | other
    return _REQUEST.format(**parts)


TORTURE: dict[str, str] = {
    # ---- legal, and strange (RFC 4475 §3.1.1)
    "wsinv": _one("INVITE", whom='"J Rosenberg \\\\\\""       <sip:{user}@{to}>\n  ;\n  tag = {id}', cseq="0009\n  INVITE"),
    "intmeth": _one("!interesting-Method0123456789_*+`.%indeed'~"),
    "esc01": _one(uri="sip:sips%3Auser%40example.com@{to}", whom="<sip:I%20have%20spaces@{to}>;tag={id}"),
    "escnull": _one("REGISTER", to_line="sip:null-%00-null@{to}", more="Contact: <sip:%00@{me}>\nContact: <sip:%00%00@{me}>\n"),
    "esc02": _one("RE%47IST%45R"),
    "lwsdisp": _one(whom="caller<sip:{user}@{to}>;tag={id}"),
    "longreq": _one("INVITE", whom="<sip:" + "a" * 1500 + "@{to}>;tag={id}", more="X-Long: " + "b" * 4000 + "\n"),
    "dblreq": _one("REGISTER") + _one("INVITE"),
    "semiuri": _one(uri="sip:user;par=u%40example.net@{to}"),
    "transports": _one(via="".join(f"Via: SIP/2.0/{kind} {{me}};branch=z9hG4bK{{id}}{kind}\n" for kind in ("UDP", "SCTP", "TLS", "UNKNOWN", "TCP"))),
    "unreason": "SIP/2.0 200 = 2**3 * 5**2 \u043d\u043e\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{id}\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: {id}\nCSeq: 35 INVITE\nContent-Length: 0\n\n",
    "noreason": "SIP/2.0 100 \nVia: SIP/2.0/UDP {me};branch=z9hG4bK{id}\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: {id}\nCSeq: 35 INVITE\nContent-Length: 0\n\n",
    # ---- broken (§3.1.2)
    "badinv01": _one("INVITE", more='Contact: "Joe" <sip:joe@example.org>;;;;\n'),
    "clerr": _one("INVITE", length="9999", body=SDP),
    "ncl": _one("INVITE", length="-999", body=SDP),
    "scalar02": _one(cseq="36893488147419103232 OPTIONS", more="Expires: 1" + "0" * 60 + "\n"),
    "scalarlg": "SIP/2.0 503 Service Unavailable\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{id}\nCSeq: 9292394834772304023312 OPTIONS\nRetry-After: 949302838503028349304023988\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: {id}\nContent-Length: 0\n\n",
    "quotbal": _one("INVITE", to_line='"Mr. J. User <sip:j.user@{to}>'),
    "ltgtruri": _one("INVITE", uri="<sip:{user}@{to}>"),
    "lwsruri": _one("INVITE", uri="sip:{user}@{to}; lr"),
    "lwsstart": _one("INVITE", uri=" sip:{user}@{to} "),
    "trws": _one(uri="sip:{user}@{to} ").replace(" SIP/2.0\n", " SIP/2.0  \n", 1),
    "escruri": _one("INVITE", uri="sip:{user}@{to}?Route=%3Csip:example.com%3E"),
    "baddate": _one("INVITE", more="Date: Fri, 01 Jan 2010 16:00:00 EST\n"),
    "regbadct": _one("REGISTER", more="Contact: sip:{user}@{me}?Route=%3Csip:x%3E\n"),
    "badaspec": _one(to_line='"Watson, Thomas" < sip:t.watson@{to} >'),
    "baddn": _one(whom="Bell, Alexander <sip:a.g.bell@{to}>;tag={id}"),
    "badvers": _one().replace(" SIP/2.0\n", " SIP/7.0\n", 1),
    "mismatch01": _one(cseq="8 INVITE"),
    "mismatch02": _one("NEWMETHOD", cseq="8 INVITE"),
    "bigcode": "SIP/2.0 4294967301 better not break the receiver\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{id}\nFrom: <sip:a@b>;tag=1\nTo: <sip:a@b>;tag=2\nCall-ID: {id}\nCSeq: 353494 INVITE\nContent-Length: 0\n\n",
    # ---- transaction, application and old forms (§3.2, §3.3, §3.4)
    "badbranch": _one(via="Via: SIP/2.0/UDP {me};branch=z9hG4bK\n"),
    "insuf": "INVITE sip:{user}@{to} SIP/2.0\nCSeq: 193942 INVITE\nVia: SIP/2.0/UDP {me};branch=z9hG4bK{id}\nContent-Length: 0\n\n",
    "unkscm": _one(uri="nobodyKnowsThisScheme:totallyopaquecontent"),
    "novelsc": _one(uri="soap.beep://192.0.2.103:3002"),
    "unksm2": _one("REGISTER", to_line="isbn:2983792873", whom="<http://www.example.com>;tag={id}"),
    "bext01": _one(more="Require: nothingSupportsThis, nothingSupportsThisEither\nProxy-Require: noProxiesSupportThis\n"),
    "invut": _one("INVITE", more="Content-Type: application/unknownformat\n", length="6", body="<audio"),
    "regaut01": _one("REGISTER", more="Authorization: NoOneKnowsThisScheme opaque-data=here\n"),
    "multi01": _one("INVITE", more="CSeq: 8 INVITE\nCall-ID: other\nMax-Forwards: 5\nFrom: other <sip:x@y>;tag=8\nTo: <sip:z@y>\n"),
    "mcl01": _one(more="Content-Length: 13\n", body="There's no way to know how many octets are supposed to be here.\n"),
    "zeromf": _one().replace("Max-Forwards: 70", "Max-Forwards: 0"),
    "cparam01": _one("REGISTER", more="Contact: sip:+19725552222@{me};unknownparam\n"),
    "regescrt": _one("REGISTER", more="Contact: <sip:user@example.com?Route=%3Csip:sip.example.com%3E>\n"),
    "sdp01": _one("INVITE", more="Content-Type: application/sdp\n", length=str(len(SDP)), body=SDP),
    "inv2543": "INVITE sip:{user}@{to} SIP/2.0\nVia: SIP/2.0/UDP {me}\nFrom: <sip:{user}@{to}>\nTo: <sip:{user}@{to}>\nCall-ID: {id}\nCSeq: 56 INVITE\n\n",
}  # fmt: skip
"""Name in RFC 4475 -> the message, lines ended by LF; some are wrong on purpose in more ways than there."""


def torture(name: str, *, to: str, me: str, user: str) -> bytes:
    """One message, ready for the wire."""
    text = TORTURE[name]
    for mark, value in (("{to}", to), ("{me}", me), ("{user}", user), ("{id}", secrets.token_hex(6))):
        text = text.replace(mark, value)
    return text.replace("\n", "\r\n").encode()
