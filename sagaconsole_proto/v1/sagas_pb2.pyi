import datetime

from google.protobuf import timestamp_pb2 as _timestamp_pb2
from google.protobuf.internal import containers as _containers
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Iterable as _Iterable, Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class LaunchRequest(_message.Message):
    __slots__ = ("definition", "version", "input_json", "business_key", "idempotency_key")
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_KEY_FIELD_NUMBER: _ClassVar[int]
    IDEMPOTENCY_KEY_FIELD_NUMBER: _ClassVar[int]
    definition: str
    version: int
    input_json: str
    business_key: str
    idempotency_key: str
    def __init__(self, definition: _Optional[str] = ..., version: _Optional[int] = ..., input_json: _Optional[str] = ..., business_key: _Optional[str] = ..., idempotency_key: _Optional[str] = ...) -> None: ...

class LaunchResponse(_message.Message):
    __slots__ = ("saga", "created")
    SAGA_FIELD_NUMBER: _ClassVar[int]
    CREATED_FIELD_NUMBER: _ClassVar[int]
    saga: Saga
    created: bool
    def __init__(self, saga: _Optional[_Union[Saga, _Mapping]] = ..., created: _Optional[bool] = ...) -> None: ...

class GetRequest(_message.Message):
    __slots__ = ("id",)
    ID_FIELD_NUMBER: _ClassVar[int]
    id: str
    def __init__(self, id: _Optional[str] = ...) -> None: ...

class ListRequest(_message.Message):
    __slots__ = ("status", "definition", "business_key", "participant", "step", "error", "q", "created_after", "created_before", "cursor", "limit")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_KEY_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    Q_FIELD_NUMBER: _ClassVar[int]
    CREATED_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    status: _containers.RepeatedScalarFieldContainer[str]
    definition: str
    business_key: str
    participant: str
    step: str
    error: str
    q: str
    created_after: str
    created_before: str
    cursor: str
    limit: int
    def __init__(self, status: _Optional[_Iterable[str]] = ..., definition: _Optional[str] = ..., business_key: _Optional[str] = ..., participant: _Optional[str] = ..., step: _Optional[str] = ..., error: _Optional[str] = ..., q: _Optional[str] = ..., created_after: _Optional[str] = ..., created_before: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Saga]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[Saga, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ActRequest(_message.Message):
    __slots__ = ("saga_id", "act", "reason", "revision", "step", "outcome", "output_json", "input_json", "confirm", "version")
    SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    saga_id: str
    act: str
    reason: str
    revision: int
    step: str
    outcome: str
    output_json: str
    input_json: str
    confirm: str
    version: int
    def __init__(self, saga_id: _Optional[str] = ..., act: _Optional[str] = ..., reason: _Optional[str] = ..., revision: _Optional[int] = ..., step: _Optional[str] = ..., outcome: _Optional[str] = ..., output_json: _Optional[str] = ..., input_json: _Optional[str] = ..., confirm: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class PreviewRequest(_message.Message):
    __slots__ = ("saga_id", "act", "step", "outcome", "version")
    SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    saga_id: str
    act: str
    step: str
    outcome: str
    version: int
    def __init__(self, saga_id: _Optional[str] = ..., act: _Optional[str] = ..., step: _Optional[str] = ..., outcome: _Optional[str] = ..., version: _Optional[int] = ...) -> None: ...

class PreviewResponse(_message.Message):
    __slots__ = ("allowed", "why_not", "calls", "revision")
    ALLOWED_FIELD_NUMBER: _ClassVar[int]
    WHY_NOT_FIELD_NUMBER: _ClassVar[int]
    CALLS_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    allowed: bool
    why_not: str
    calls: _containers.RepeatedCompositeFieldContainer[PlannedCall]
    revision: int
    def __init__(self, allowed: _Optional[bool] = ..., why_not: _Optional[str] = ..., calls: _Optional[_Iterable[_Union[PlannedCall, _Mapping]]] = ..., revision: _Optional[int] = ...) -> None: ...

class PlannedCall(_message.Message):
    __slots__ = ("step", "direction", "participant", "payload_json")
    STEP_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    PAYLOAD_JSON_FIELD_NUMBER: _ClassVar[int]
    step: str
    direction: str
    participant: str
    payload_json: str
    def __init__(self, step: _Optional[str] = ..., direction: _Optional[str] = ..., participant: _Optional[str] = ..., payload_json: _Optional[str] = ...) -> None: ...

class StartBulkRequest(_message.Message):
    __slots__ = ("act", "reason", "ids", "filter", "step", "canary", "outcome", "output_json", "confirm")
    ACT_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    IDS_FIELD_NUMBER: _ClassVar[int]
    FILTER_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    CANARY_FIELD_NUMBER: _ClassVar[int]
    OUTCOME_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    CONFIRM_FIELD_NUMBER: _ClassVar[int]
    act: str
    reason: str
    ids: _containers.RepeatedScalarFieldContainer[str]
    filter: SagaFilter
    step: str
    canary: bool
    outcome: str
    output_json: str
    confirm: str
    def __init__(self, act: _Optional[str] = ..., reason: _Optional[str] = ..., ids: _Optional[_Iterable[str]] = ..., filter: _Optional[_Union[SagaFilter, _Mapping]] = ..., step: _Optional[str] = ..., canary: _Optional[bool] = ..., outcome: _Optional[str] = ..., output_json: _Optional[str] = ..., confirm: _Optional[str] = ...) -> None: ...

class SagaFilter(_message.Message):
    __slots__ = ("status", "definition", "business_key", "participant", "step", "error", "q", "created_after", "created_before")
    STATUS_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_KEY_FIELD_NUMBER: _ClassVar[int]
    PARTICIPANT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    Q_FIELD_NUMBER: _ClassVar[int]
    CREATED_AFTER_FIELD_NUMBER: _ClassVar[int]
    CREATED_BEFORE_FIELD_NUMBER: _ClassVar[int]
    status: _containers.RepeatedScalarFieldContainer[str]
    definition: str
    business_key: str
    participant: str
    step: str
    error: str
    q: str
    created_after: str
    created_before: str
    def __init__(self, status: _Optional[_Iterable[str]] = ..., definition: _Optional[str] = ..., business_key: _Optional[str] = ..., participant: _Optional[str] = ..., step: _Optional[str] = ..., error: _Optional[str] = ..., q: _Optional[str] = ..., created_after: _Optional[str] = ..., created_before: _Optional[str] = ...) -> None: ...

class StartBulkResponse(_message.Message):
    __slots__ = ("id", "total")
    ID_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    id: str
    total: int
    def __init__(self, id: _Optional[str] = ..., total: _Optional[int] = ...) -> None: ...

class GetBulkRequest(_message.Message):
    __slots__ = ("id", "result", "cursor", "limit")
    ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    id: str
    result: str
    cursor: str
    limit: int
    def __init__(self, id: _Optional[str] = ..., result: _Optional[str] = ..., cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class GetBulkResponse(_message.Message):
    __slots__ = ("bulk", "items", "next_cursor")
    BULK_FIELD_NUMBER: _ClassVar[int]
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    bulk: Bulk
    items: _containers.RepeatedCompositeFieldContainer[BulkItem]
    next_cursor: str
    def __init__(self, bulk: _Optional[_Union[Bulk, _Mapping]] = ..., items: _Optional[_Iterable[_Union[BulkItem, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class ListBulksRequest(_message.Message):
    __slots__ = ("cursor", "limit")
    CURSOR_FIELD_NUMBER: _ClassVar[int]
    LIMIT_FIELD_NUMBER: _ClassVar[int]
    cursor: str
    limit: int
    def __init__(self, cursor: _Optional[str] = ..., limit: _Optional[int] = ...) -> None: ...

class ListBulksResponse(_message.Message):
    __slots__ = ("items", "next_cursor")
    ITEMS_FIELD_NUMBER: _ClassVar[int]
    NEXT_CURSOR_FIELD_NUMBER: _ClassVar[int]
    items: _containers.RepeatedCompositeFieldContainer[Bulk]
    next_cursor: str
    def __init__(self, items: _Optional[_Iterable[_Union[Bulk, _Mapping]]] = ..., next_cursor: _Optional[str] = ...) -> None: ...

class SteerBulkRequest(_message.Message):
    __slots__ = ("id", "how", "reason")
    ID_FIELD_NUMBER: _ClassVar[int]
    HOW_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    id: str
    how: str
    reason: str
    def __init__(self, id: _Optional[str] = ..., how: _Optional[str] = ..., reason: _Optional[str] = ...) -> None: ...

class Bulk(_message.Message):
    __slots__ = ("id", "act", "step", "details_json", "reason", "status", "canary", "halted_because", "total", "done", "refused", "selection_json", "actor", "created_at", "started_at", "finished_at", "failed_again", "under_way")
    ID_FIELD_NUMBER: _ClassVar[int]
    ACT_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    DETAILS_JSON_FIELD_NUMBER: _ClassVar[int]
    REASON_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    CANARY_FIELD_NUMBER: _ClassVar[int]
    HALTED_BECAUSE_FIELD_NUMBER: _ClassVar[int]
    TOTAL_FIELD_NUMBER: _ClassVar[int]
    DONE_FIELD_NUMBER: _ClassVar[int]
    REFUSED_FIELD_NUMBER: _ClassVar[int]
    SELECTION_JSON_FIELD_NUMBER: _ClassVar[int]
    ACTOR_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    FAILED_AGAIN_FIELD_NUMBER: _ClassVar[int]
    UNDER_WAY_FIELD_NUMBER: _ClassVar[int]
    id: str
    act: str
    step: str
    details_json: str
    reason: str
    status: str
    canary: bool
    halted_because: str
    total: int
    done: int
    refused: int
    selection_json: str
    actor: str
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    failed_again: int
    under_way: int
    def __init__(self, id: _Optional[str] = ..., act: _Optional[str] = ..., step: _Optional[str] = ..., details_json: _Optional[str] = ..., reason: _Optional[str] = ..., status: _Optional[str] = ..., canary: _Optional[bool] = ..., halted_because: _Optional[str] = ..., total: _Optional[int] = ..., done: _Optional[int] = ..., refused: _Optional[int] = ..., selection_json: _Optional[str] = ..., actor: _Optional[str] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., failed_again: _Optional[int] = ..., under_way: _Optional[int] = ...) -> None: ...

class BulkItem(_message.Message):
    __slots__ = ("saga_id", "result", "code", "error", "saga_status", "acted_at")
    SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    RESULT_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    SAGA_STATUS_FIELD_NUMBER: _ClassVar[int]
    ACTED_AT_FIELD_NUMBER: _ClassVar[int]
    saga_id: str
    result: str
    code: str
    error: str
    saga_status: str
    acted_at: _timestamp_pb2.Timestamp
    def __init__(self, saga_id: _Optional[str] = ..., result: _Optional[str] = ..., code: _Optional[str] = ..., error: _Optional[str] = ..., saga_status: _Optional[str] = ..., acted_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ...) -> None: ...

class Saga(_message.Message):
    __slots__ = ("id", "definition", "version", "status", "paused", "parked_on", "business_key", "input_json", "steps", "stuck_reason", "revision", "open_effects", "created_at", "started_at", "finished_at", "deadline_at", "overdue", "trigger", "launched_by", "restarted_from", "restarted_as", "parent_saga_id", "parent_step")
    ID_FIELD_NUMBER: _ClassVar[int]
    DEFINITION_FIELD_NUMBER: _ClassVar[int]
    VERSION_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    PARKED_ON_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_KEY_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    STEPS_FIELD_NUMBER: _ClassVar[int]
    STUCK_REASON_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    OPEN_EFFECTS_FIELD_NUMBER: _ClassVar[int]
    CREATED_AT_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    DEADLINE_AT_FIELD_NUMBER: _ClassVar[int]
    OVERDUE_FIELD_NUMBER: _ClassVar[int]
    TRIGGER_FIELD_NUMBER: _ClassVar[int]
    LAUNCHED_BY_FIELD_NUMBER: _ClassVar[int]
    RESTARTED_FROM_FIELD_NUMBER: _ClassVar[int]
    RESTARTED_AS_FIELD_NUMBER: _ClassVar[int]
    PARENT_SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    PARENT_STEP_FIELD_NUMBER: _ClassVar[int]
    id: str
    definition: str
    version: int
    status: str
    paused: bool
    parked_on: str
    business_key: str
    input_json: str
    steps: _containers.RepeatedCompositeFieldContainer[Step]
    stuck_reason: str
    revision: int
    open_effects: _containers.RepeatedScalarFieldContainer[str]
    created_at: _timestamp_pb2.Timestamp
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    deadline_at: _timestamp_pb2.Timestamp
    overdue: bool
    trigger: str
    launched_by: str
    restarted_from: str
    restarted_as: str
    parent_saga_id: str
    parent_step: str
    def __init__(self, id: _Optional[str] = ..., definition: _Optional[str] = ..., version: _Optional[int] = ..., status: _Optional[str] = ..., paused: _Optional[bool] = ..., parked_on: _Optional[str] = ..., business_key: _Optional[str] = ..., input_json: _Optional[str] = ..., steps: _Optional[_Iterable[_Union[Step, _Mapping]]] = ..., stuck_reason: _Optional[str] = ..., revision: _Optional[int] = ..., open_effects: _Optional[_Iterable[str]] = ..., created_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., deadline_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., overdue: _Optional[bool] = ..., trigger: _Optional[str] = ..., launched_by: _Optional[str] = ..., restarted_from: _Optional[str] = ..., restarted_as: _Optional[str] = ..., parent_saga_id: _Optional[str] = ..., parent_step: _Optional[str] = ...) -> None: ...

class Step(_message.Message):
    __slots__ = ("name", "kind", "status", "in_doubt", "direction", "attempts", "output_json", "error_json", "started_at", "finished_at", "waiting_until", "origin_saga_id", "saga", "child_saga_id")
    NAME_FIELD_NUMBER: _ClassVar[int]
    KIND_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    IN_DOUBT_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    ATTEMPTS_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_JSON_FIELD_NUMBER: _ClassVar[int]
    STARTED_AT_FIELD_NUMBER: _ClassVar[int]
    FINISHED_AT_FIELD_NUMBER: _ClassVar[int]
    WAITING_UNTIL_FIELD_NUMBER: _ClassVar[int]
    ORIGIN_SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    SAGA_FIELD_NUMBER: _ClassVar[int]
    CHILD_SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    name: str
    kind: str
    status: str
    in_doubt: bool
    direction: str
    attempts: int
    output_json: str
    error_json: str
    started_at: _timestamp_pb2.Timestamp
    finished_at: _timestamp_pb2.Timestamp
    waiting_until: _timestamp_pb2.Timestamp
    origin_saga_id: str
    saga: str
    child_saga_id: str
    def __init__(self, name: _Optional[str] = ..., kind: _Optional[str] = ..., status: _Optional[str] = ..., in_doubt: _Optional[bool] = ..., direction: _Optional[str] = ..., attempts: _Optional[int] = ..., output_json: _Optional[str] = ..., error_json: _Optional[str] = ..., started_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., finished_at: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., waiting_until: _Optional[_Union[datetime.datetime, _timestamp_pb2.Timestamp, _Mapping]] = ..., origin_saga_id: _Optional[str] = ..., saga: _Optional[str] = ..., child_saga_id: _Optional[str] = ...) -> None: ...

class Conflict(_message.Message):
    __slots__ = ("saga_id", "status", "paused", "revision", "changed_by", "last_act")
    SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    STATUS_FIELD_NUMBER: _ClassVar[int]
    PAUSED_FIELD_NUMBER: _ClassVar[int]
    REVISION_FIELD_NUMBER: _ClassVar[int]
    CHANGED_BY_FIELD_NUMBER: _ClassVar[int]
    LAST_ACT_FIELD_NUMBER: _ClassVar[int]
    saga_id: str
    status: str
    paused: bool
    revision: int
    changed_by: str
    last_act: str
    def __init__(self, saga_id: _Optional[str] = ..., status: _Optional[str] = ..., paused: _Optional[bool] = ..., revision: _Optional[int] = ..., changed_by: _Optional[str] = ..., last_act: _Optional[str] = ...) -> None: ...
