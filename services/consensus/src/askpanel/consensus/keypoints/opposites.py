"""Words with an opposite: one axis a line, its two sides parted by a slash. Data, written for this project."""

from __future__ import annotations

OPPOSITES = """
increase rise raise grow expand climb gain boost / reduce decrease decline fall drop cut shrink lower lessen
more / less fewer
higher high / lower low
most many all every each both always everyone everybody everything / few none no neither never rarely seldom
longer long lengthen / shorter short shorten
bigger larger big large wide widen / smaller small narrow
faster fast speed accelerate quick quickly / slower slow slowly delay
stronger strong strengthen / weaker weak weaken
better good improve improvement benefit beneficial helpful help / bad worsen deteriorate harm harmful hurt damage
safer safe safety / risky dangerous unsafe hazardous
cheap affordable inexpensive / expensive unaffordable
easy simple / hard difficult complex complicated
early soon sooner / late later
before / after
if onlyif when / unless
because thanks / despite
with / without
approve accept adopt endorse / reject decline refuse deny dismiss
allow permit enable legal legalize / forbid ban prohibit prevent block disallow
support favor favour for / oppose against
agree / disagree
include add keep retain / exclude remove omit drop delete
start begin continue launch resume / stop end cease halt discontinue abandon quit
succeed pass achieve reach meet / fail miss
open / close closed
enter / leave exit
buy / sell
win / lose
hire recruit / fire dismiss
trust believe / distrust mistrust doubt
above over exceed atleast / below under atmost
maximum maximise maximize / minimum minimise minimize
mandatory compulsory required obligatory / optional voluntary
public / private
internal / external
permanent / temporary
centralise centralize central / decentralise decentralize local
same equal identical / different differ
present presence / absent absence missing lack
positive / negative
advantage pro strength / disadvantage con weakness drawback
profit profitable / unprofitable
true correct right / false incorrect wrong
certain sure clear / uncertain unsure unclear
sufficient enough adequate / insufficient inadequate
necessary needed essential need / unnecessary needless
possible feasible / impossible infeasible
likely probable / unlikely improbable
likely / unlikely
effective / ineffective
protect preserve / destroy endanger threaten
encourage promote / discourage deter
ahead / behind
upgrade / downgrade
invest / divest
"""
