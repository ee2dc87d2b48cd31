"""What a log line is about, as fields of its record; with LOG_FORMAT=json they stand in the line."""

from uuid import UUID


def about(saga_id: UUID, *, step: str = "", epoch: int | None = None) -> dict[str, str | int]:
    """The `extra` of a log call. `step`: its name, or names with commas between them; "": none in particular."""
    fields: dict[str, str | int] = {"saga_id": str(saga_id)}
    if step:
        fields["step"] = step
    if epoch is not None:
        fields["epoch"] = epoch
    return fields
