"""Every address of the console."""

from django.urls import path

from orchestration.console import actions, live, message_actions, methods, pages, saga_actions

app_name = "console"
urlpatterns = [
    path("", pages.overview, name="overview"),
    path("find/", pages.find, name="find"),
    path("banner/", pages.banner, name="banner"),
    path("live/", live.changes, name="live"),
    path("sagas/", pages.sagas, name="sagas"),
    path("sagas/<uuid:saga_id>/", pages.saga, name="saga"),
    path("sagas/<uuid:saga_id>/print/", pages.saga_print, name="saga_print"),
    path("sagas/<uuid:saga_id>/live/", live.changes, name="saga_live"),
    path("sagas/<uuid:saga_id>/acts/<slug:act>/", methods.by(get=pages.preview, post=saga_actions.perform), name="act"),
    path("sagas/<uuid:saga_id>/notes/", methods.by(get=pages.notes, post=saga_actions.add_note), name="notes"),
    path("sagas/<uuid:saga_id>/evidence/", pages.evidence, name="evidence"),
    path("sagas/<uuid:saga_id>/attempts/<int:position>/<slug:direction>/<int:number>/", pages.attempt, name="attempt"),
    path("definitions/", pages.definitions, name="definitions"),
    path("new-definition/", methods.by(get=pages.new_definition, post=actions.publish), name="new_definition"),
    path("definitions/<slug:name>/", pages.definition, name="definition"),
    path("definitions/<slug:name>/launch/", methods.by(get=pages.launch, post=actions.launch_saga), name="launch"),
    path("definitions/<slug:name>/<int:version>/", pages.definition, name="definition_version"),
    path("participants/", pages.participants, name="participants"),
    path("messages/", pages.messages, name="messages"),
    path("messages/<uuid:letter_id>/", methods.by(get=pages.message, post=message_actions.handle), name="message"),
    path("workers/", pages.workers, name="workers"),
    path("failure-lab/", methods.by(get=pages.fault_rules, post=actions.add_fault), name="fault_rules"),
    path("failure-lab/<int:rule_id>/remove/", actions.remove_fault, name="remove_fault"),
    path("audit/", pages.audit, name="audit"),
    path("audit/export/<slug:form>/", pages.export_audit, name="export_audit"),
    path("theme/", actions.choose_theme, name="theme"),
]
