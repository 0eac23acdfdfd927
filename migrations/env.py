"""What Alembic runs: the migrations, over the connection that `migrations.runner` opened.

There is no alembic.ini. The models are not imported here, only their way of naming
constraints: a migration says itself what it makes, and a test compares the outcome with the models.
"""

from alembic import context
from sqlalchemy import MetaData

from marketplace.core.db import Base

context.configure(
    connection=context.config.attributes["connection"],
    target_metadata=MetaData(naming_convention=Base.metadata.naming_convention),
    transaction_per_migration=True,
    on_version_apply=context.config.attributes["on_version_apply"],
)
with context.begin_transaction():
    context.run_migrations()
