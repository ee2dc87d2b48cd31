from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [("orchestration", "0008_bulk_acts")]

    operations = [
        migrations.AlterField(
            model_name="participant",
            name="transport",
            field=models.CharField(choices=[("http", "HTTP"), ("function", "Python function"), ("grpc", "gRPC"), ("amqp", "AMQP (RabbitMQ)")], default="http", max_length=16, verbose_name="transport"),
        ),
        migrations.AddConstraint(
            model_name="participant",
            constraint=models.CheckConstraint(condition=~models.Q(transport__in=["amqp", "grpc"], base_url=""), name="grpc_or_amqp_participant_has_an_address"),
        ),
    ]
