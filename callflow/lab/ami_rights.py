"""An independent look at the AMI account, with pyst2: does it log in, and is it refused what it must not do?

pyst2 matches answers by arrival, so it is used here one action at a time on one thread (its sound use).
"""

from __future__ import annotations

from contextlib import suppress

from asterisk.manager import Manager, ManagerAuthException, ManagerException

from callflow.domain.names import SiteId
from callflow.lab.keys import load_keys
from callflow.lab.plan import Plan, SitePlan

MUST_BE_REFUSED = (
    {"Action": "Command", "Command": "core show version"},
    {"Action": "GetConfig", "Filename": "manager.conf"},
    {"Action": "Originate", "Channel": "Local/s@trigger", "Application": "System", "Data": "true"},
)
"""What a stolen account would try first (requirement T-04)."""


def refused_rights(plan: Plan, site: SitePlan) -> str:
    """Return "" when the account works and has no more rights than it needs, else what is wrong."""
    secret = load_keys(plan.keys, SiteId(site.id)).ami_secret
    manager = Manager()
    try:
        manager.connect(site.host, site.site.addresses.ami_port)
        manager.login("callflow", secret)
        allowed = [
            a["Action"] for a in MUST_BE_REFUSED if manager.send_action(dict(a)).get_header("Response") != "Error"
        ]
    except ManagerAuthException:
        return "the log-in is refused: the key and manager.conf differ; ./run down and ./run up render it anew"
    except (ManagerException, OSError, ValueError) as error:  # ValueError: pyst2 wrote to the socket that it had closed
        return f"AMI does not answer: {error}"
    finally:
        with suppress(ManagerException, OSError, ValueError):  # a link that is gone already is closed enough
            manager.close()
    return f"the account may do what it must not: {', '.join(allowed)}" if allowed else ""
