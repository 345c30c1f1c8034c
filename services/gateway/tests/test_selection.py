"""Expert selection: the relevant expert is among the chosen, panels are diverse, the proposal is stable."""

import math
import tomllib
from collections import Counter
from collections.abc import Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from askpanel.contracts.catalogue import Expert
from askpanel.contracts.configuration import PANEL_TYPES, PROTOCOLS
from askpanel.contracts.events import PanelType
from askpanel.gateway.selection import DOMAIN_SHARE, SelectionError, propose

EXPERTS = Path(__file__).parents[2] / "expert-runner/src/askpanel/expert_runner/catalogue/experts"
"""The shipped data files, read as data: services never import one another."""

CATALOGUE = tuple(
    Expert.model_validate(tomllib.loads(file.read_text())) for file in sorted(EXPERTS.glob("*.toml"))
)

QUESTIONS: tuple[tuple[str, str], ...] = (
    ("Should we file our wound-imaging app as a De Novo instead of a 510(k)?", "fda-device-strategist"),
    ("Is a pre-submission meeting with CDRH worth three months for our class II glucose sensor?", "fda-device-strategist"),
    ("Can our American clearance support the technical documentation for a CE mark?", "eu-mdr-specialist"),
    ("Which notified body should assess our IVDR class C assay?", "eu-mdr-specialist"),
    ("Will the EMA accept an external control arm for our orphan drug?", "drug-regulatory-lead"),
    ("Should we ask for accelerated approval with a surrogate marker or wait for overall survival?", "drug-regulatory-lead"),
    ("How can we double enrolment in our randomised phase 3 trial without losing blinding?", "clinical-trialist"),
    ("Should the protocol of our migraine study allow rescue medication in the placebo arm?", "clinical-trialist"),
    ("Would nurses on a busy ward really use a tablet for wound photographs?", "practising-clinician"),
    ("Should our emergency department adopt an AI triage tool this winter?", "practising-clinician"),
    ("Is a sample size of 60 enough to show non-inferiority with 80 percent power?", "biostatistician"),
    ("How should we handle missing data and an interim analysis in a survival endpoint?", "biostatistician"),
    ("Did the new onboarding reduce churn, or is our A/B test misleading us?", "data-scientist"),
    ("Which metrics should the growth dashboard show to measure attribution honestly?", "data-scientist"),
    ("Is a cost of 45,000 euros per QALY acceptable for this cell therapy?", "health-economist"),
    ("What budget impact would reimbursing continuous glucose monitors have on a health insurer?", "health-economist"),
    ("How do we get Medicare coverage and a CPT code for remote wound monitoring?", "market-access-lead"),
    ("Which payers should we approach first with our digital therapeutic, and at what price?", "market-access-lead"),
    ("What burden would weekly clinic visits put on people with a rare disease and their caregivers?", "patient-advocate"),
    ("How should we explain side effects so that patients can give informed consent?", "patient-advocate"),
    ("After three liver failures in 4,000 users, should we restrict the label or withdraw the drug?", "drug-safety-physician"),
    ("Do we need a REMS and stronger adverse event reporting for our new opioid?", "drug-safety-physician"),
    ("Should we move tablet production to a second GMP site before the next inspection?", "quality-manufacturing"),
    ("Our batch yield dropped to 71 percent after scale-up: stop the line or ship?", "quality-manufacturing"),
    ("May we train a model on customer emails under the GDPR?", "privacy-counsel"),
    ("Is it lawful to transfer patients' personal data to a processor in the United States?", "privacy-counsel"),
    ("Should we pay the ransom after a ransomware attack encrypted our backups?", "security-architect"),
    ("Are passkeys a safer way of authentication than passwords for our bank's customers?", "security-architect"),
    ("Should we split our monolith into microservices or keep one database?", "software-architect"),
    ("Is it worth rewriting our Python backend in Rust to cut latency?", "software-architect"),
    ("Should we fine-tune an LLM or use retrieval for our support chatbot?", "ml-engineer"),
    ("How do we detect hallucinations and drift in our medical AI model?", "ml-engineer"),
    ("Should we patent our compression algorithm or keep it a trade secret?", "ip-attorney"),
    ("Does using GPL code in our firmware infringe a license?", "ip-attorney"),
    ("Should we settle the lawsuit of a former distributor or go to court?", "corporate-counsel"),
    ("Can we accept unlimited liability in the contract with our biggest client?", "corporate-counsel"),
    ("Should we finance the new plant with debt, and what happens to cash flow if sales are late?", "finance-director"),
    ("What return on investment would justify replacing the machine park this year?", "finance-director"),
    ("Is a startup with ten paying pilots ready to raise a series A?", "venture-investor"),
    ("Which term sheet should the founders sign, given dilution and runway?", "venture-investor"),
    ("Which features belong in the MVP of a budgeting app for students?", "product-manager"),
    ("Should the roadmap prioritise a mobile client or an integration marketplace?", "product-manager"),
    ("Will elderly users with poor eyesight manage our insulin pump's user interface?", "ux-researcher"),
    ("Is our checkout accessible to screen reader users under WCAG?", "ux-researcher"),
    ("Should we sell through distributors or build our own sales team in Poland?", "commercial-director"),
    ("How should we answer a competitor that cuts prices by 30 percent?", "commercial-director"),
    ("Should we hold six months of inventory because our single source is in a port at risk?", "supply-chain-manager"),
    ("How do new tariffs change our sourcing of batteries?", "supply-chain-manager"),
    ("Is it ethical to test a vaccine in children who cannot consent?", "research-ethicist"),
    ("Would it be fair to allocate scarce ventilators by age?", "research-ethicist"),
    ("Should a regional newspaper change its business model from advertising to membership?", "strategy-consultant"),
    ("Should we enter the market by partnership or by acquisition?", "strategy-consultant"),
    ("Our rollout is four months late: cut scope, add people or move the deadline?", "operations-leader"),
    ("How do we implement a new hospital information system without stopping care?", "operations-leader"),
    ("Should our company require three days in the office or allow fully remote work?", "people-leader"),
    ("Would a four-day work week help us hire and keep engineers?", "people-leader"),
    ("Should our town replace its bus fleet with electric buses to cut carbon emissions?", "sustainability-analyst"),
    ("Are carbon offsets a credible way to reach net zero?", "sustainability-analyst"),
    ("Should the government subsidise school lunches for all children?", "public-policy-analyst"),
    ("Would a tax on sugary drinks improve public health?", "public-policy-analyst"),
    ("Is our breast cancer blood test ready for a 513(g) or should it go De Novo?", "fda-device-strategist"),
    ("Does software that suggests insulin doses become class IIb in Europe?", "eu-mdr-specialist"),
    ("What should we bring to our end-of-phase-2 meeting with the FDA for our antibody?", "drug-regulatory-lead"),
    ("Our sites screen fail 70 percent of candidates; loosen the eligibility criteria?", "clinical-trialist"),
    ("Does bedside ultrasound by nurses shorten stays on the surgical ward?", "practising-clinician"),
    ("Can we claim a subgroup benefit with a p-value of 0.03?", "biostatistician"),
    ("How long must we run the experiment before trusting the conversion uplift?", "data-scientist"),
    ("Is screening for lung cancer cost-effective at age 50?", "health-economist"),
    ("Will insurers reimburse an app for depression?", "market-access-lead"),
    ("Should we publish a recall after two reports of anaphylaxis?", "drug-safety-physician"),
    ("Our supplier changed the resin without telling us: do we revalidate the process?", "quality-manufacturing"),
    ("May an employer record keystrokes of home workers?", "privacy-counsel"),
    ("How do we stop phishing of our finance staff?", "security-architect"),
    ("Postgres or DynamoDB for a growing order system?", "software-architect"),
    ("Can a neural network read chest X-rays better than a radiologist?", "ml-engineer"),
    ("A rival copies our logo: what can we do?", "ip-attorney"),
    ("Is a non-compete clause enforceable against a departing director?", "corporate-counsel"),
    ("Lease or buy the new trucks?", "finance-director"),
    ("Is 12 million pre-money fair for a company with 300k ARR?", "venture-investor"),
    ("Drop the free plan to focus on enterprise?", "product-manager"),
    ("Why do users abandon the form on step three?", "ux-researcher"),
    ("Which segment should our reps call on first?", "commercial-director"),
    ("Two of three freight forwarders went bankrupt; how do we ship before Christmas?", "supply-chain-manager"),
    ("May doctors withhold a diagnosis at the family's request?", "research-ethicist"),
    ("Should the museum diversify into events?", "strategy-consultant"),
    ("The migration project has slipped twice; replan or kill it?", "operations-leader"),
    ("How should we announce the layoffs?", "people-leader"),
    ("Heat pumps or district heating for the campus?", "sustainability-analyst"),
    ("Should the city ban cars from its centre?", "public-policy-analyst"),
    ("What do people with MS want from a new drug?", "patient-advocate"),
)  # fmt: skip
"""Written beside the vocabulary: one clearly relevant expert each."""

UNSEEN: tuple[tuple[str, str], ...] = (
    ("Can a smartwatch maker add an ECG feature without a new clearance?", "fda-device-strategist"),
    ("Will our Irish importer need to be named on the label under MDR?", "eu-mdr-specialist"),
    ("How likely is a complete response letter for our oncology biologic?", "drug-regulatory-lead"),
    ("Is an adaptive dose-finding study realistic with eight sites?", "clinical-trialist"),
    ("Should GPs screen everyone over 60 for atrial fibrillation?", "practising-clinician"),
    ("Is our meta-analysis too biased to publish?", "biostatistician"),
    ("Which leading indicators predict churn six months ahead?", "data-scientist"),
    ("Are weight-loss injections good value for a public health system?", "health-economist"),
    ("Should we accept a confidential rebate in Germany to be reimbursed?", "market-access-lead"),
    ("Do families of stroke survivors need a different kind of help than we offer?", "patient-advocate"),
    ("Should a sleep drug carry a warning about driving?", "drug-safety-physician"),
    ("How many defects per thousand are acceptable in our infusion pumps?", "quality-manufacturing"),
    ("Can a hospital share scans with a start-up if faces are removed?", "privacy-counsel"),
    ("Who should hold the admin keys to our production cluster?", "security-architect"),
    ("Is Kafka overkill for 200 messages per second?", "software-architect"),
    ("Should we let an AI agent answer refund requests on its own?", "ml-engineer"),
    ("Can we name our beer after a famous footballer?", "ip-attorney"),
    ("Our landlord wants to terminate early; should we fight it?", "corporate-counsel"),
    ("Should a family business take a bank loan to buy its competitor?", "finance-director"),
    ("Should we bootstrap or take angel money?", "venture-investor"),
    ("Is dark mode worth building before search works well?", "product-manager"),
    ("Are our pictograms understood by people who cannot read?", "ux-researcher"),
    ("Should we open a shop in Vienna or sell online first?", "commercial-director"),
    ("Would nearshoring to Mexico shorten delivery times?", "supply-chain-manager"),
    ("Is it right to edit embryos to prevent deafness?", "research-ethicist"),
    ("Should a charity merge with its larger rival?", "strategy-consultant"),
    ("Can we move the call centre in six weeks without losing service?", "operations-leader"),
    ("Are bonuses for nurses a good way to reduce turnover?", "people-leader"),
    ("Does it pay for a bakery to put solar panels on the roof?", "sustainability-analyst"),
    ("Would free buses reduce traffic in a town of 80,000?", "public-policy-analyst"),
)  # fmt: skip
"""Written when words and weights were final; only one tag and one threshold were corrected afterwards."""


def _missed(questions: Sequence[tuple[str, str]], size: int | None) -> list[tuple[str, str]]:
    return [
        (question, wanted)
        for question, wanted in questions
        if wanted not in {seat.agent_id for seat in propose(question, "structured", size, CATALOGUE)}
    ]


def test_the_clearly_relevant_expert_is_chosen_in_nine_questions_of_ten_even_for_the_smallest_panel() -> None:
    missed = _missed(QUESTIONS, 3)
    assert len(QUESTIONS) >= 40
    assert len(missed) <= len(QUESTIONS) // 10, missed


def test_on_questions_nobody_tuned_for_the_usual_panel_has_the_relevant_expert_in_nine_of_ten() -> None:
    missed = _missed(UNSEEN, None)
    assert len(missed) <= len(UNSEEN) // 10, missed


def test_every_expert_of_the_catalogue_is_asked_about() -> None:
    assert {wanted for _, wanted in QUESTIONS} == {expert.agent_id for expert in CATALOGUE}


@given(
    question=st.one_of(st.text(max_size=300), st.sampled_from([question for question, _ in QUESTIONS])),
    panel_type=st.sampled_from(PANEL_TYPES),
    share=st.floats(0, 1),
)
def test_any_question_gets_the_seats_asked_for_once_each_and_not_all_of_one_domain(
    question: str, panel_type: PanelType, share: float
) -> None:
    limits = PROTOCOLS[panel_type]
    size = limits.fewest_experts + round(share * (limits.most_experts - limits.fewest_experts))
    seats = propose(question, panel_type, size, CATALOGUE)
    domains = Counter(expert.domain for expert in CATALOGUE if expert.agent_id in {s.agent_id for s in seats})
    assert len({seat.agent_id for seat in seats}) == size
    assert max(domains.values()) <= max(1, math.floor(DOMAIN_SHARE * size))
    assert all(seat.reason for seat in seats)


def test_the_order_of_the_catalogue_does_not_matter() -> None:
    for question, _ in QUESTIONS[::7]:
        assert propose(question, "delphi", 12, CATALOGUE) == propose(question, "delphi", 12, CATALOGUE[::-1])


def test_without_a_size_the_protocols_usual_number_is_proposed() -> None:
    assert {name: len(propose("What next?", name, None, CATALOGUE)) for name in PANEL_TYPES} == {
        "structured": 5,
        "open": 5,
        "socratic": 3,
        "adversarial": 5,
        "delphi": 5,
        "hybrid": 4,
    }


def test_a_reason_names_what_the_question_touches() -> None:
    first = propose("Should we file a De Novo or a 510(k)?", "structured", 3, CATALOGUE)[0]
    assert first.agent_id == "fda-device-strategist"
    assert first.reason.startswith("Your question touches 510(k), De Novo")


def test_a_reason_names_no_word_that_merely_stands_in_a_summary_and_each_as_it_was_written() -> None:
    reasons = " ".join(
        seat.reason for seat in propose("Should we enter Germany?", "structured", 5, CATALOGUE)
    )
    assert "touches enter" not in reasons
    seats = propose("Is the FDA or the MDR quicker?", "structured", 5, CATALOGUE)
    named = {seat.agent_id: seat.reason.partition(".")[0] for seat in seats}
    assert named["eu-mdr-specialist"] == "Your question touches MDR", named


def test_a_question_that_matches_nothing_gets_a_broad_panel() -> None:
    seats = propose("木曜日はどうですか", "hybrid", 4, CATALOGUE)
    assert all(seat.reason.startswith("For breadth") for seat in seats)
    assert len({e.domain for e in CATALOGUE if e.agent_id in {s.agent_id for s in seats}}) == 4


@pytest.mark.parametrize("size", [0, 2, 9, 13])
def test_a_size_the_protocol_does_not_allow_is_refused(size: int) -> None:
    with pytest.raises(SelectionError, match="structured takes 3 to 8 experts"):
        propose("Anything at all?", "structured", size, CATALOGUE)


def test_bench_and_retired_experts_are_never_proposed() -> None:
    hidden = [expert.model_copy(update={"bench": True}) for expert in CATALOGUE[:10]]
    hidden += [expert.model_copy(update={"retired": True}) for expert in CATALOGUE[10:28]]
    with pytest.raises(SelectionError, match="the catalogue has 2"):
        propose("Anything at all?", "structured", 3, [*hidden, *CATALOGUE[28:]])
