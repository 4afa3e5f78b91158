-- MySQL: the databases whose changes Debezium tells of, for deploy/cdc.yaml.
CREATE DATABASE IF NOT EXISTS inventory;
CREATE DATABASE IF NOT EXISTS ecommerce;
