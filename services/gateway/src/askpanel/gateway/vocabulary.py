"""The everyday words of each field, by which a question finds its experts.

People do not ask in an expert's tags: they write "sue" and not "litigation". One line of words per
domain of the catalogue; a domain that is not listed simply has its experts' own words.
"""

from collections.abc import Mapping
from types import MappingProxyType

VOCABULARY: Mapping[str, str] = MappingProxyType(
    {
        "regulation": "approve approval approved authority agency clearance device drug fda ema europe license marketing "
        "medicine regulator regulatory submission submit file filing dossier label claim indication classification "
        "ce mark diagnostic implant software as a medical device breakthrough exemption inspection",
        "clinical": "trial study patients clinic hospital doctor physician nurse surgeon surgery ward bedside diagnose "
        "diagnosis treat treatment therapy dose screening symptom disease cancer diabetes cardiology radiology "
        "radiologist x-ray ultrasound icu emergency triage guideline eligibility enrol recruit sites placebo cohort "
        "intervention medical infection sepsis blood pressure stroke",
        "statistics": "significant significance p-value sample size power probability odds estimate average mean median "
        "variance correlation causal cause regression experiment control group test randomise prediction predict "
        "forecast data dataset metric measure uplift conversion survey poll bias confidence interval uncertainty "
        "extrapolate outlier subgroup meta-analysis replicate baseline trend",
        "health-economics": "cost-effective cost-effectiveness qaly icer budget impact value for money screening prevention "
        "savings health system health spending lifetime costs economic evaluation nice threshold worth paying dominance "
        "productivity loss burden of disease cost per",
        "market-access": "reimburse reimbursed reimbursement payer insurer insurance insurers covered coverage medicare "
        "medicaid nhs code coding drg price negotiation formulary tender co-pay prescription health plan list price rebate",
        "patients": "patient patients family carer caregiver people living with disabled disability chronic disease burden "
        "quality of life symptoms pain fear trust understand leaflet access waiting list minority language equity "
        "side effects advocacy community lived experience daily life",
        "safety": "side effect adverse event harm death deaths anaphylaxis liver failure toxicity withdraw recall warning "
        "signal vigilance overdose addiction opioid pregnancy interaction reports injury safe safety black box",
        "quality": "quality defect defects batch plant factory line yield machine tolerance supplier audit validate "
        "validation revalidate process sterile contamination inspection iso gmp scale-up specification scrap rework "
        "calibration maintenance complaint resin assembly tooling",
        "privacy": "personal data privacy gdpr hipaa consent cookie cookies track tracking monitor monitoring record "
        "recording keystrokes camera cameras surveillance location biometric face facial recognition anonymous "
        "anonymise retention delete erasure transfer data subject profiling employee data emails lawful ccpa children",
        "security": "hack hacker hacked attack attacker breach phishing malware ransomware virus password passwords passkey "
        "login authentication mfa vpn firewall encrypt encryption key leak leaked vulnerability exploit patch zero-day "
        "penetration test incident ddos fraud identity theft backup admin rights endpoint spyware insider",
        "engineering": "software code codebase system backend frontend api database postgres mysql dynamodb mongodb redis "
        "kafka queue server serverless cloud aws azure kubernetes docker deploy deployment release bug outage downtime "
        "latency performance scale scaling architecture microservice microservices monolith rewrite refactor legacy "
        "migrate migration python java rust golang javascript typescript react framework library open-source technical "
        "debt uptime cache caching test suite ci pipeline mainframe cobol",
        "ai": "ai artificial intelligence machine learning model models neural network deep learning llm gpt chatbot agent "
        "copilot assistant prompt fine-tune training train inference gpu hallucinate hallucination rag retrieval "
        "embedding classifier recommender recommendation automate automation generative image recognition speech "
        "recognition drift explainable benchmark",
        "law": "law lawyer legal lawful illegal court judge sue sued lawsuit litigation liable liability contract clause "
        "agreement sign enforce enforceable breach of contract non-compete indemnity warranty settle settlement dispute "
        "arbitration patent patents trademark logo brand name copyright copy copies copied infringe infringement license "
        "licence gpl trade secret invention inventor antitrust merger director board shareholder terms compliance "
        "jurisdiction damages terminate tenant landlord defamation nda royalty",
        "finance": "money cash cost costs budget loan loans debt equity borrow bank interest rate invest investment "
        "investor return roi npv payback lease buy rent capital capex opex profit profitability loss margin ebitda "
        "valuation value pre-money post-money arr mrr revenue run-rate raise round seed series startup start-up founders "
        "venture vc angel dilution cap table term sheet runway burn bootstrapping ipo acquisition acquire dividend tax "
        "currency hedge hedging inflation financing treasury stock shares pension savings mortgage audit accounting "
        "truck trucks fleet equipment",
        "product": "product feature features roadmap mvp backlog release launch user users customer customers app mobile web "
        "onboarding retention freemium free plan tier subscription enterprise integration prioritise priority discovery "
        "interview persona value proposition product-market fit sunset deprecate marketplace platform beta feedback "
        "prototype dark mode notification",
        "design": "design user interface ui ux usability usable screen button form forms checkout navigation menu layout "
        "accessible accessibility wcag eyesight colour-blind font readability confusing confused abandon click error "
        "errors misuse ergonomics human factors prototype testing wearable display touchscreen elderly dark pattern",
        "commercial": "sell selling sales seller reps salespeople quota pipeline lead leads deal discount price prices "
        "pricing market marketing campaign advertise advertising ads brand branding channel distributor reseller partner "
        "retail retailer wholesale customer acquisition segment territory launch go-to-market export country expansion "
        "competitor competitors rival positioning promotion loyalty franchise trade fair sponsorship e-commerce shop",
        "supply-chain": "supply supplier suppliers chain logistics ship shipping shipment freight forwarder carrier truck "
        "port container warehouse stock inventory shortage lead time sourcing procure procurement purchase purchasing "
        "tariff tariffs customs import imports export sanctions delivery deliver last mile cold chain raw material "
        "materials battery batteries chip chips component single source nearshoring reshoring just-in-time christmas "
        "peak season packaging",
        "ethics": "ethical ethics unethical moral morally right wrong fair unfair fairness justice dignity autonomy consent "
        "vulnerable children withhold lie deceive truth euthanasia assisted dying abortion embryo genetic gene editing "
        "clone animal animals experiment on people discrimination bias allocate allocation scarce ration triage duty "
        "whistleblower conflict of interest conscience should we tell family request permissible exploit exploitation",
        "strategy": "strategy strategic vision mission business model diversify diversification pivot expand expansion "
        "growth enter exit market partnership joint venture acquisition merge merger divest spin off outsource insource "
        "make or buy compete competition competitor disrupt disruption rival long-term portfolio focus reorganise "
        "positioning opportunity threat scenario membership museum newspaper nonprofit association future",
        "operations": "project projects programme program rollout roll-out implement implementation deliver delivery "
        "deadline delay delayed late slipped slip schedule plan replan milestone scope resource resources capacity "
        "bottleneck process processes efficiency lean workflow coordination vendor management go-live cutover change "
        "management pilot reorganise call centre shift shifts staffing queue throughput relocate move",
        "people": "employee employees staff worker workers workforce team teams hire hiring fire firing recruit recruiting "
        "recruitment talent retention turnover resign salary salaries pay wage wages bonus compensation promotion "
        "performance review manager managers leadership culture morale motivation burnout remote hybrid office home "
        "four-day week vacation leave parental layoff layoffs redundancy union training skills diversity inclusion "
        "mentoring onboarding harassment hr work",
        "sustainability": "climate carbon co2 emission emissions greenhouse net zero offset offsets energy electricity power "
        "renewable renewables solar wind turbine nuclear hydrogen heat pump pumps heating district heating insulation "
        "battery electric vehicle vehicles ev bus buses diesel fuel waste recycle recycling plastic packaging water "
        "biodiversity forest deforestation pollution esg green greenwashing circular footprint environment environmental "
        "flood drought farm farming meat flights",
        "policy": "government state public policy law bill parliament congress minister ministry city town municipal mayor "
        "council region federal tax taxes subsidy subsidise subsidize ban banned regulate legalise legalize welfare "
        "benefit benefits pension minimum wage housing rent control school schools lunch lunches university teacher "
        "education transport traffic car cars bus bike lanes police prison crime immigration election vote voting "
        "voters referendum public health vaccination mandatory mandate citizens basic income drugs sugar sugary "
        "tobacco alcohol cannabis speed limit",
    }
)
