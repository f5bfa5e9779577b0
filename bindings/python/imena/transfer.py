"""Performs the core's transfers with Python's own HTTP client, pinned to the hub's key. Judges nothing: the core does."""

import hashlib
import http.client
import ssl
import time

from imena_ffi import HttpMethod, LinkCost, LinkFailure, ReplyBody, TransferPurpose, TransferReply

#: No byte for this long: the link is dead.
IDLE_TIMEOUT_S = 30
METHODS = {HttpMethod.GET: "GET", HttpMethod.POST: "POST", HttpMethod.PUT: "PUT"}


class WrongPin(Exception):
    """Somebody answers with another key; nothing was sent."""


def perform(job):
    """One exchange: a TransferReply, or the LinkFailure that kept it from being one."""
    try:
        return exchange(job)
    except WrongPin:
        return LinkFailure.WRONG_PIN
    except (TimeoutError, ssl.SSLWantReadError):
        return LinkFailure.TIMED_OUT
    except ssl.SSLError:
        # Somebody who speaks no TLS is not the hub.
        return LinkFailure.WRONG_PIN
    except ConnectionRefusedError:
        return LinkFailure.UNREACHABLE
    except (http.client.HTTPException, OSError) as error:
        is_cut = isinstance(error, (http.client.HTTPException, ConnectionError))
        return LinkFailure.CUT if is_cut else LinkFailure.UNREACHABLE


def exchange(job):
    """The exchange itself, over a connection of its own."""
    host, port = job.hub.address.rsplit(":", 1)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    # Only the pin counts: names and dates of a certificate say nothing in a forest.
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    connection = http.client.HTTPSConnection(host.strip("[]"), int(port), timeout=IDLE_TIMEOUT_S, context=context)
    try:
        connection.connect()
        pin = hashlib.sha256(spki_of(connection.sock.getpeercert(binary_form=True))).digest()
        if pin not in job.hub.spki_pins:
            raise WrongPin
        headers = {header.name: header.value for header in job.headers}
        connection.request(METHODS[job.method], job.path, body=body_of(job.body), headers=headers)
        reply = connection.getresponse()
        # One byte more than allowed tells the core that it is no hub's reply.
        body = reply.read(job.reply_bytes_max + 1)
        content_type = reply.getheader("content-type", "")
        return TransferReply(status=reply.status, content_type=content_type, body=ReplyBody.BYTES(body), pin_seen=pin)
    finally:
        connection.close()


def body_of(body):
    """The bytes to send."""
    if body.is_BYTES():
        return body.bytes
    if body.is_FILE_SLICE():
        with open(body.path, "rb") as file:
            file.seek(body.offset)
            return file.read(body.length)
    return None


def spki_of(certificate):
    """The SubjectPublicKeyInfo of a DER certificate (RFC 5280): the sixth field behind the optional version."""
    fields = list(elements(next(elements(certificate))[1]))
    inside = list(elements(fields[0][1]))
    has_version = inside[0][0] == 0xA0
    return inside[6 if has_version else 5][2]


def elements(der):
    """Each DER element as (tag, content, whole)."""
    at = 0
    while at < len(der):
        tag, length, head = der[at], der[at + 1], 2
        if length & 0x80:
            count = length & 0x7F
            length = int.from_bytes(der[at + 2 : at + 2 + count], "big")
            head += count
        end = at + head + length
        yield tag, der[at + head : end], der[at:end]
        at = end


def sync(store, purpose=TransferPurpose.SYNC, cost=LinkCost.FREE, patience_s=60):
    """Syncs with the first hub that answers; gives the desk and every change. Ends when all is receipted, or nothing moves any more."""
    changes = []
    for hub in store.list_hubs():
        desk = store.begin_transfers(hub, cost, purpose)
        last_progress = time.monotonic()
        while True:
            plan = desk.plan_transfer()
            if plan.is_PERFORM():
                outcome = perform(plan.job)
                if isinstance(outcome, LinkFailure):
                    changes += desk.report_failure(plan.job.job_id, outcome)
                else:
                    changes += desk.accept_reply(plan.job.job_id, outcome)
                if desk.summary().failures == 0:
                    last_progress = time.monotonic()
            elif plan.is_WAIT() and time.monotonic() - last_progress < patience_s:
                time.sleep(min(plan.wait_ms / 1000, 1))
            else:
                return desk, changes
    return None, changes
