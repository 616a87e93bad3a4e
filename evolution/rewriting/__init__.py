"""What `makemigrations` does beyond Django's: it takes dangerous changes apart into safe steps.

`answers` knows what is asked, and who answers; `detection` puts the answers into the migrations that Django
found; `steps` takes them apart; `data_step` and `writer` make files of them; `checks` asks the rules.
"""
