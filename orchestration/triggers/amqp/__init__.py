"""The way in by RabbitMQ: start messages become sagas, refused ones wait for a person, ends of sagas are told."""
