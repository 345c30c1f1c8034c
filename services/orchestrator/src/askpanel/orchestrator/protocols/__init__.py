"""The protocols, one module each, by panel type. `docs/adding-a-protocol.md` tells how to add one."""

from collections.abc import Mapping

from askpanel.contracts.events import PanelType
from askpanel.orchestrator.protocols.adversarial import ADVERSARIAL
from askpanel.orchestrator.protocols.delphi import DELPHI
from askpanel.orchestrator.protocols.hybrid import HYBRID
from askpanel.orchestrator.protocols.open import OPEN
from askpanel.orchestrator.protocols.socratic import SOCRATIC
from askpanel.orchestrator.protocols.structured import STRUCTURED
from askpanel.orchestrator.protocols.table import PanelProtocol

PROTOCOLS: Mapping[PanelType, PanelProtocol] = {
    protocol.name: protocol
    for protocol in (
        STRUCTURED,
        OPEN,
        SOCRATIC,
        ADVERSARIAL,
        DELPHI,
        HYBRID,
    )
}
