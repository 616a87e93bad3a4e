"""For scripts/bench_serving.py, in the environment of Flask-Migrate: the Flask version in state A, over HTTP.

It makes a group (POST /), shows one (GET /7) and renames it (POST /7), at 127.0.0.1 and the port that it is told.
"""

import logging
import os
import sys

import flask
import flask_sqlalchemy

app = flask.Flask(__name__)
app.config["SQLALCHEMY_DATABASE_URI"] = os.environ["DATABASE_URL"].replace("mysql://", "mysql+mysqldb://")
db = flask_sqlalchemy.SQLAlchemy(app)


class Group(db.Model):
    id = db.Column(db.Integer, primary_key=True)
    name = db.Column(db.String(32))


@app.post("/")
def make() -> str:
    group = Group(name=flask.request.form["name"])
    db.session.add(group)
    db.session.commit()
    return str(group.id)


@app.get("/<int:number>")
def show(number: int) -> str:
    return db.get_or_404(Group, number).name


@app.post("/<int:number>")
def rename(number: int) -> str:
    group = db.get_or_404(Group, number)
    group.name = flask.request.form["name"]
    db.session.commit()
    return group.name


if __name__ == "__main__":
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    app.run(port=int(sys.argv[1]), threaded=True)
