import datetime

from google.protobuf import duration_pb2 as _duration_pb2
from google.protobuf.internal import enum_type_wrapper as _enum_type_wrapper
from google.protobuf import descriptor as _descriptor
from google.protobuf import message as _message
from collections.abc import Mapping as _Mapping
from typing import ClassVar as _ClassVar, Optional as _Optional, Union as _Union

DESCRIPTOR: _descriptor.FileDescriptor

class ExecuteRequest(_message.Message):
    __slots__ = ("saga_id", "saga", "business_key", "step", "direction", "attempt", "method", "input_json", "output_json")
    SAGA_ID_FIELD_NUMBER: _ClassVar[int]
    SAGA_FIELD_NUMBER: _ClassVar[int]
    BUSINESS_KEY_FIELD_NUMBER: _ClassVar[int]
    STEP_FIELD_NUMBER: _ClassVar[int]
    DIRECTION_FIELD_NUMBER: _ClassVar[int]
    ATTEMPT_FIELD_NUMBER: _ClassVar[int]
    METHOD_FIELD_NUMBER: _ClassVar[int]
    INPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    saga_id: str
    saga: str
    business_key: str
    step: str
    direction: str
    attempt: int
    method: str
    input_json: str
    output_json: str
    def __init__(self, saga_id: _Optional[str] = ..., saga: _Optional[str] = ..., business_key: _Optional[str] = ..., step: _Optional[str] = ..., direction: _Optional[str] = ..., attempt: _Optional[int] = ..., method: _Optional[str] = ..., input_json: _Optional[str] = ..., output_json: _Optional[str] = ...) -> None: ...

class ExecuteResponse(_message.Message):
    __slots__ = ("state", "output_json", "retry_after")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[ExecuteResponse.State]
        STATE_DONE: _ClassVar[ExecuteResponse.State]
        STATE_ACCEPTED: _ClassVar[ExecuteResponse.State]
    STATE_UNSPECIFIED: ExecuteResponse.State
    STATE_DONE: ExecuteResponse.State
    STATE_ACCEPTED: ExecuteResponse.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    state: ExecuteResponse.State
    output_json: str
    retry_after: _duration_pb2.Duration
    def __init__(self, state: _Optional[_Union[ExecuteResponse.State, str]] = ..., output_json: _Optional[str] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...

class StatusRequest(_message.Message):
    __slots__ = ("key",)
    KEY_FIELD_NUMBER: _ClassVar[int]
    key: str
    def __init__(self, key: _Optional[str] = ...) -> None: ...

class StatusResponse(_message.Message):
    __slots__ = ("state", "output_json", "error", "code", "retry_after")
    class State(int, metaclass=_enum_type_wrapper.EnumTypeWrapper):
        __slots__ = ()
        STATE_UNSPECIFIED: _ClassVar[StatusResponse.State]
        STATE_DONE: _ClassVar[StatusResponse.State]
        STATE_REFUSED: _ClassVar[StatusResponse.State]
        STATE_IN_PROGRESS: _ClassVar[StatusResponse.State]
        STATE_ABSENT: _ClassVar[StatusResponse.State]
        STATE_COMPENSATED: _ClassVar[StatusResponse.State]
    STATE_UNSPECIFIED: StatusResponse.State
    STATE_DONE: StatusResponse.State
    STATE_REFUSED: StatusResponse.State
    STATE_IN_PROGRESS: StatusResponse.State
    STATE_ABSENT: StatusResponse.State
    STATE_COMPENSATED: StatusResponse.State
    STATE_FIELD_NUMBER: _ClassVar[int]
    OUTPUT_JSON_FIELD_NUMBER: _ClassVar[int]
    ERROR_FIELD_NUMBER: _ClassVar[int]
    CODE_FIELD_NUMBER: _ClassVar[int]
    RETRY_AFTER_FIELD_NUMBER: _ClassVar[int]
    state: StatusResponse.State
    output_json: str
    error: str
    code: str
    retry_after: _duration_pb2.Duration
    def __init__(self, state: _Optional[_Union[StatusResponse.State, str]] = ..., output_json: _Optional[str] = ..., error: _Optional[str] = ..., code: _Optional[str] = ..., retry_after: _Optional[_Union[datetime.timedelta, _duration_pb2.Duration, _Mapping]] = ...) -> None: ...
