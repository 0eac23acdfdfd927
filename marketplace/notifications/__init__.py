"""Telling people what happened: in the portal and by mail.

Notice: one message to one person, kept as kind and parameters so that it is read in the reader's
language. Kind: the words of a notice; packages register theirs with `kinds.register_kind`.
Mail message: the letter that goes with a notice, one per recipient, sent by a job.

Others call `service.notify` from their reactions, and nothing else.
"""
