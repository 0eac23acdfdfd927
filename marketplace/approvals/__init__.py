"""Who must say yes before money is committed.

Owns policies, requests and decisions. A *policy* is a rule of the buying organisation: for which
amounts and categories it holds, and which steps follow from it. A *request* asks for one subject,
known only as a kind and an id, and for exactly the content with one fingerprint. Its *steps* open
one after the other; a *decision* is what one person said at one step.

The rules in one place:

- The first active policy by priority that fits decides. No policy fits: one approver decides.
- A policy without steps grants at once: this is how to say "up to 5,000 without asking".
- "Over" means strictly more, "up to" includes the limit. An amount of zero follows the same rules.
- An amount in another currency than the policy's counts as over each of its limits: there is no
  rate to compare with, so the stricter path is taken, never the shorter one.
- Nobody decides on what they wrote or submitted, whatever roles they hold.
- A step that nobody else could decide refuses the request. Nothing is approved for lack of people.
- An absent approver may be stood in for, from one day to another, by somebody who may approve.
  Where that person is away too, whoever stands in for them decides; a *delegation* that leads back
  to the absent one is refused. Nobody speaks for somebody who wrote what is decided on. Where all
  must approve, the delegate's yes counts for both.
"""
