"""The RFQ on record: its tables, what a draft needs for publication, changes, who may read it."""
