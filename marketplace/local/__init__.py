"""Running everything on one machine: embedded servers, the supervisor, a local Stripe."""
