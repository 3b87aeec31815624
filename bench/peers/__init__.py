"""What would an engineer write otherwise? The same job done by Celery and by BullMQ, each over Redis of its own."""
