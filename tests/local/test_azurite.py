"""The storage emulator, used by the clients that the app uses."""

from pathlib import Path

from azure.data.tables import TableServiceClient
from azure.storage.blob import BlobServiceClient
from azure.storage.queue import QueueServiceClient

from local.azurite import running_azurite
from local.children import is_listening


def test_all_three_services_serve(azurite: str) -> None:
    """The connection string of the shared fixture opens blobs, queues and tables."""
    with BlobServiceClient.from_connection_string(azurite) as blobs:
        blobs.create_container("three-services").upload_blob("b", b"x")
    with QueueServiceClient.from_connection_string(azurite) as queues, queues.create_queue("three-services") as queue:
        queue.send_message("x")
        assert [message.content for message in queue.receive_messages()] == ["x"]
    with TableServiceClient.from_connection_string(azurite) as tables, tables.create_table("three") as table:
        table.create_entity({"PartitionKey": "p", "RowKey": "r"})
        assert len(list(table.list_entities())) == 1


def test_its_data_is_on_disk(tmp_path: Path) -> None:
    """What was stored is there when it runs again, and nothing listens when it has ended."""
    with running_azurite(tmp_path / "data") as first:
        with BlobServiceClient.from_connection_string(first.connection_string) as blobs:
            blobs.create_container("kept")
        ports = (first.blob_port, first.queue_port, first.table_port)
    assert not any(is_listening(port) for port in ports)
    with running_azurite(tmp_path / "data", ports=ports) as second:
        assert second == first
        with BlobServiceClient.from_connection_string(second.connection_string) as blobs:
            assert [container.name for container in blobs.list_containers()] == ["kept"]
