"""Every address of the console."""

from django.urls import path

from orchestration.console import actions, bulk_actions, live, methods, pages, personal_actions, saga_actions

app_name = "console"
urlpatterns = [
    path("", pages.overview, name="overview"),
    path("find/", pages.find, name="find"),
    path("banner/", pages.banner, name="banner"),
    path("live/", live.changes, name="live"),
    path("sagas/", pages.sagas, name="sagas"),
    path("sagas/export/<slug:form>/", pages.export_sagas, name="export_sagas"),
    path("sagas/views/", personal_actions.save_view, name="save_view"),
    path("sagas/views/<int:view_id>/remove/", personal_actions.drop_view, name="drop_view"),
    path("sagas/<uuid:saga_id>/", pages.saga, name="saga"),
    path("sagas/<uuid:saga_id>/print/", pages.saga_print, name="saga_print"),
    path("sagas/<uuid:saga_id>/live/", live.changes, name="saga_live"),
    path("sagas/<uuid:saga_id>/acts/<slug:act>/", methods.by(get=pages.preview, post=saga_actions.perform), name="act"),
    path("sagas/<uuid:saga_id>/notes/", methods.by(get=pages.notes, post=saga_actions.add_note), name="notes"),
    path("sagas/<uuid:saga_id>/evidence/", pages.evidence, name="evidence"),
    path("sagas/<uuid:saga_id>/attempts/<int:position>/<slug:direction>/<int:number>/", pages.attempt, name="attempt"),
    path("bulk/", pages.bulks, name="bulks"),
    path("bulk/new/", bulk_actions.choose, name="choose_bulk"),
    path("bulk/<uuid:bulk_id>/", pages.bulk, name="bulk"),
    path("bulk/<uuid:bulk_id>/start/", bulk_actions.start, name="start_bulk"),
    path("bulk/<uuid:bulk_id>/cancel/", pages.cancel_bulk, name="cancel_bulk"),
    path("bulk/<uuid:bulk_id>/steer/<slug:how>/", bulk_actions.steer, name="steer_bulk"),
    path("definitions/", pages.definitions, name="definitions"),
    path("new-definition/", methods.by(get=pages.new_definition, post=actions.publish), name="new_definition"),
    path("definitions/<slug:name>/", pages.definition, name="definition"),
    path("definitions/<slug:name>/launch/", methods.by(get=pages.launch, post=actions.launch_saga), name="launch"),
    path("definitions/<slug:name>/<int:version>/", pages.definition, name="definition_version"),
    path("participants/", pages.participants, name="participants"),
    path("workers/", pages.workers, name="workers"),
    path("failure-lab/", methods.by(get=pages.fault_rules, post=actions.add_fault), name="fault_rules"),
    path("failure-lab/<int:rule_id>/remove/", actions.remove_fault, name="remove_fault"),
    path("audit/", pages.audit, name="audit"),
    path("audit/export/<slug:form>/", pages.export_audit, name="export_audit"),
    path("theme/", actions.choose_theme, name="theme"),
]
