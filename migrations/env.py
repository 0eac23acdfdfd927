"""What Alembic runs: the migrations, over the connection that `migrations.runner` opened.

There is no alembic.ini. The models are not imported here: a migration says itself what it makes,
and a test compares the outcome with the models.
"""

from alembic import context

context.configure(
    connection=context.config.attributes["connection"],
    transaction_per_migration=True,
    on_version_apply=context.config.attributes["on_version_apply"],
)
with context.begin_transaction():
    context.run_migrations()
