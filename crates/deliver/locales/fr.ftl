# Les mots des avis, du formulaire de réponse et des courriels. Ce qui vient des objets reste dans la langue de sa source.

language = Français
heading = Avis de sécurité
dateline = { $node } · { $date } (UTC) · À l’attention de : { $member }

tlp-clear = Tout le monde peut recevoir ce document.
tlp-green = Vous pouvez le transmettre au sein de votre communauté, mais pas le rendre public.
tlp-amber = Vous pouvez le transmettre au sein de votre organisation et à ses clients, à ceux qui en ont besoin pour se protéger.
tlp-amber-strict = Vous pouvez le transmettre uniquement au sein de votre organisation, à ceux qui en ont besoin pour la protéger.
tlp-red = Ce document est pour vous seul. Ne le transmettez pas.

alert = Niveau d’alerte
fires = { $circle } : { $fires ->
    [one] { $fires } feu
   *[other] { $fires } feux
} sur 5, { $why }
fires-calm = rien ne demande d’attention
fires-news = du nouveau sur quoi agir est arrivé
fires-incident = un incident a été partagé
fires-high = un élément de gravité élevée a été partagé
fires-critical = un élément critique a été partagé
fires-seen = { $count ->
    [one] un membre a vu ce qui est partagé ici
   *[other] { $count } membres ont vu ce qui est partagé ici
}

happened = Ce qui s’est passé
nothing-told = Vos partenaires ont partagé des valeurs à rechercher, sans rapport à leur sujet.
also-known = Aussi connu sous le nom de : { $names }
signed-by = Signé par { $name } ; la signature est valable.
signed-by-member = Signé par un membre dont le nom n’est pas donné ; la signature est valable.
signed-unproven = La signature ne prouve pas qui l’affirme. Renseignez-vous avant d’agir sur cette seule base.
more-told = { $count ->
    [one] Un autre rapport, groupe ou campagne est connu de vos partenaires.
   *[other] { $count } autres rapports, groupes et campagnes sont connus de vos partenaires.
}
told-report = Rapport
told-incident = Incident de sécurité
told-campaign = Campagne
told-intrusion-set = Groupe
told-threat-actor = Attaquant
told-vulnerability = Vulnérabilité

concerned = Qui est concerné
concerned-unknown = Les sources ne citent ni secteur ni pays. Considérez que vous pouvez être concerné.

today = Que faire aujourd’hui
hand-on = Donnez cette page à la personne qui gère votre réseau
hand-on-text = Demandez-lui de bloquer ce qui figure dans le tableau ci-dessous, sur le serveur DNS, le pare-feu ou le serveur de messagerie.
look = Vérifiez si cela est déjà passé chez vous
look-text = Cherchez les valeurs ci-dessous dans les journaux du serveur de messagerie, du proxy et du serveur DNS, aussi loin qu’ils remontent.
stop = Cessez d’agir sur ce qui n’est plus valable
stop-text = Faites débloquer les valeurs du second tableau ci-dessous.
meets = { $count ->
    [one] Répond à une des méthodes employées.
   *[other] Répond à { $count } des méthodes employées.
}
for-it = Pour votre service informatique : { $what }
for-it-alone = Votre service informatique peut faire cette étape avec ses outils.

keep = Que conserver et que signaler
keep-first = Si vous trouvez quelque chose, ne changez encore rien
keep-first-text = N’éteignez pas l’ordinateur. Débranchez-le du réseau, notez l’heure, conservez les journaux, puis appelez.
keep-which = Lesquelles de ces valeurs vous avez vues
keep-when = Quand, et sur combien d’ordinateurs
keep-nothing = Si vous n’avez rien vu, dites-le : cela aide aussi.
answer-here = Répondez ici sans vous connecter. Le lien fonctionne une seule fois, jusqu’au { $until } (UTC).
answer-to = Vous pouvez aussi écrire à { $address }.
answer-sender = Répondez à la personne qui vous a envoyé cette page.

call = Qui appeler
no-contact = Aucun contact n’est indiqué. Répondez à la personne qui vous a envoyé cette page.

values = Que rechercher
values-text = Les points sont entre crochets pour que personne ne suive un lien par erreur. N’ouvrez jamais ces adresses.
no-values = Il n’y a rien à rechercher pour le moment.
more-values = { $count ->
    [one] Une autre valeur n’est pas affichée ici ; demandez une liste pour vos équipements.
   *[other] { $count } autres valeurs ne sont pas affichées ici ; demandez une liste pour vos équipements.
}
column-kind = Type
column-value = Valeur
column-name = Lié à
column-since = Depuis
column-why = Raison
column-until = Le
counts-domain = Noms de domaine : { $count }
counts-url = Pages web : { $count }
counts-address = Adresses réseau : { $count }
counts-file = Fichiers (par empreinte) : { $count }
counts-mail = Expéditeurs : { $count }
counts-wallet = Portefeuilles : { $count }
kind-domain = Domaine
kind-url = Page web
kind-address = Adresse
kind-file = Fichier
kind-mail = Expéditeur
kind-wallet = Portefeuille

gone = Ce qui n’est plus valable
gone-text = Vos partenaires ont retiré ces valeurs, ou leur durée est écoulée, dans les sept derniers jours. Cessez de les bloquer et de les rechercher.
gone-withdrawn = Retirée
gone-expired = Expirée

page = Dernière version
page-here = Cette page, toujours à jour. Connectez-vous avec votre propre accès.
page-nowhere = Demandez la dernière version à la personne qui vous a envoyé cette page.
code-alt = Un code à scanner, qui ouvre { $url }
page-number = Page n° { $number }
cut = Ce document est trop long pour être imprimé en entier : la suite est omise ici.

mail-subject = [{ $tlp }] [{ $fires }/5] Avis de sécurité, { $date }

digest-urgent = URGENT : { $what }
digest-look = une information vous attend, connectez-vous
digest-fires-changed = le niveau d’alerte a changé
digest-heading-urgent = Urgent : { $node }
digest-alert = Feux d’alerte
digest-fires-of = { $circle } : { $fires ->
    [one] { $fires } feu
   *[other] { $fires } feux
} sur 5
digest-new = Nouveautés
digest-told = Rapports et incidents
digest-nameless = sans nom
digest-more = { $count ->
    [one] Un autre élément n’est pas cité ici.
   *[other] { $count } autres éléments ne sont pas cités ici.
}
digest-gone = Retraits
digest-withdrawn = { $count ->
    [one] { $count } retrait
   *[other] { $count } retraits
}
digest-gone-text = { $what } : ce qui vous avait été communiqué n’est plus valable ; récupérez de nouveau vos listes.
digest-red = Pas par courriel
digest-red-text = Une information vous est destinée qui ne s’envoie pas par courriel. Connectez-vous.
digest-do = Que faire
digest-attached = Les consignes figurent dans l’avis joint à ce courriel.
digest-attached-and-there = Les consignes figurent dans l’avis joint à ce courriel ; sa version la plus récente se trouve ici :
digest-missing = Les consignes figurent dans l’avis, qui n’a pas pu être joint à ce courriel ; connectez-vous pour le lire.
digest-missing-but-there = Les consignes figurent dans l’avis, qui n’a pas pu être joint à ce courriel ; connectez-vous pour le lire ici :
digest-there = Les consignes figurent dans l’avis ; connectez-vous pour le lire ici :

news-attack-pattern = { $count ->
    [one] { $count } technique d’attaque
   *[other] { $count } techniques d’attaque
}
news-campaign = { $count ->
    [one] { $count } campagne
   *[other] { $count } campagnes
}
news-course-of-action = { $count ->
    [one] { $count } mesure recommandée
   *[other] { $count } mesures recommandées
}
news-grouping = { $count ->
    [one] { $count } regroupement
   *[other] { $count } regroupements
}
news-identity = { $count ->
    [one] { $count } identité
   *[other] { $count } identités
}
news-incident = { $count ->
    [one] { $count } incident de sécurité
   *[other] { $count } incidents de sécurité
}
news-indicator = { $count ->
    [one] { $count } indicateur
   *[other] { $count } indicateurs
}
news-infrastructure = { $count ->
    [one] { $count } infrastructure d’attaque
   *[other] { $count } infrastructures d’attaque
}
news-intrusion-set = { $count ->
    [one] { $count } groupe d’attaquants
   *[other] { $count } groupes d’attaquants
}
news-malware = { $count ->
    [one] { $count } logiciel malveillant
   *[other] { $count } logiciels malveillants
}
news-note = { $count ->
    [one] { $count } note d’analyse
   *[other] { $count } notes d’analyse
}
news-observed-data = { $count ->
    [one] { $count } relevé d’observation
   *[other] { $count } relevés d’observation
}
news-relationship = { $count ->
    [one] { $count } relation
   *[other] { $count } relations
}
news-report = { $count ->
    [one] { $count } rapport
   *[other] { $count } rapports
}
news-sighting = { $count ->
    [one] { $count } signalement
   *[other] { $count } signalements
}
news-threat-actor = { $count ->
    [one] { $count } attaquant
   *[other] { $count } attaquants
}
news-vulnerability = { $count ->
    [one] { $count } vulnérabilité
   *[other] { $count } vulnérabilités
}
news-other = { $count ->
    [one] { $count } objet de type { $type }
   *[other] { $count } objets de type { $type }
}
news-rest = { $count ->
    [one] { $count } objet d’un autre type
   *[other] { $count } objets d’autres types
}

overdue = En retard : retiré et encore utilisé
overdue-text = { $count ->
    [one] { $count } objet a été retiré dans le cercle { $circle }, et { $member } détient encore ce qui avait été récupéré auparavant : { $artefacts }.
   *[other] { $count } objets ont été retirés dans le cercle { $circle }, et { $member } détient encore ce qui avait été récupéré auparavant : { $artefacts }.
}
overdue-please = Faites-le récupérer de nouveau, ou confirmez à { $node } que ce n’est plus utilisé.

answer = Dites à vos partenaires ce que vous avez vu
answer-intro = Cochez ce que vous avez vu chez { $member }. Ce que vous cochez va aux cercles qui l’ont partagé, comme observation en votre nom.
answer-column = Vu
answer-values = Ces valeurs ont été partagées avec vous
answer-first = Vu pour la première fois, jour (UTC)
answer-last = Vu pour la dernière fois, jour (UTC)
answer-count = Combien de fois, ou sur combien d’ordinateurs
answer-other = Autre chose que nous avons vu
answer-remark = Remarque
answer-name = Qui peut être interrogé à ce sujet
answer-nothing = Nous l’avons lu et n’avons rien trouvé.
answer-send = Envoyer
answer-once = Vous pouvez envoyer ceci une seule fois. Rien n’est envoyé avant que vous n’appuyiez sur le bouton.
answer-thanks = Merci
answer-thanks-seen = { $count ->
    [one] Une observation a été transmise à vos partenaires.
   *[other] { $count } observations ont été transmises à vos partenaires.
}
answer-thanks-nothing = Votre réponse est enregistrée. Vous n’avez rien trouvé : cela aide aussi.
answer-thanks-note = Ce que vous avez écrit a été transmis à vos partenaires.
answer-lost = { $count ->
    [one] Une des valeurs n’est plus partagée avec vous ; rien n’a été transmis à son sujet.
   *[other] { $count } des valeurs ne sont plus partagées avec vous ; rien n’a été transmis à leur sujet.
}
answer-untaken = Certains cercles n’acceptent pas de signalement de votre part : rien n’y a été transmis.
answer-used = Ce lien a déjà servi
answer-used-text = Une réponse est déjà arrivée par ce lien, et il ne fonctionne qu’une fois. Pour en dire plus, demandez un nouvel avis.
answer-over = Ce lien est trop ancien
answer-over-text = Les liens des avis fonctionnent pendant trente jours. Demandez un nouvel avis.
answer-fault = Veuillez vérifier
answer-fault-empty = Cochez au moins une valeur, écrivez ce que vous avez vu, ou dites que vous n’avez rien trouvé.
answer-fault-both = Vous avez dit n’avoir rien trouvé, et aussi avoir vu quelque chose. Quelle réponse est exacte ?
answer-fault-date = Un jour s’écrit comme 2026-09-02, n’est pas dans le futur, et le premier n’est pas après le dernier.
answer-fault-count = Le nombre est compris entre 1 et 999999999.
answer-fault-long = Un texte dépasse { $limit } caractères.
answer-fault-refused = Rien n’a pu être transmis. Appelez, ou écrivez à la personne qui vous a envoyé l’avis.

freeze-heading = Demande de gel d’actifs virtuels volés
freeze-dateline = { $node } · { $date } (UTC) · À : { $service } · Dossier { $case }, demande { $number }
freeze-asked = Ce qui est demandé
freeze-please = Des actifs virtuels volés sont arrivés à des adresses indiquées comme étant les vôtres ({ $service }). Veuillez geler ce que vous en détenez encore :
freeze-total = { $amount } sur { $chain }
freeze-addresses = Vos adresses où ils sont arrivés
freeze-do-hold = Gelez-les
freeze-do-hold-text = Bloquez le solde des comptes crédités et les retraits en attente. Si une partie est déjà partie, gelez ce qui reste.
freeze-do-keep = Conservez les données
freeze-do-keep-text = Conservez l’identité des clients, leurs connexions et la destination des fonds, pour qu’une autorité puisse les demander.
freeze-do-tell = Répondez
freeze-do-tell-text = Dites si vous les détenez, combien est gelé, et votre numéro de dossier. Si vous ne pouvez pas les geler, dites-le aussi, et où ils sont allés.
freeze-came = Ce qui vous est parvenu
freeze-stolen = Ce qui a été volé
freeze-path = Par quel chemin
freeze-path-number = Chemin n° { $count }
freeze-path-all = Le fichier JSON joint contient chaque paiement et chaque chemin, avec les montants dans la plus petite unité.
freeze-how = Comment cela a été établi
freeze-fifo = Les paiements ont été suivis dans l’ordre de la chaîne. Ce qui quitte une adresse en premier est ce qui y est arrivé en premier (premier entré, premier sorti).
freeze-lifo = Les paiements ont été suivis dans l’ordre de la chaîne. Ce qui quitte une adresse en premier est ce qui y est arrivé en dernier (dernier entré, premier sorti).
freeze-haircut = Les paiements ont été suivis dans l’ordre de la chaîne. Chaque paiement porte la même part volée que l’avoir dont il provient.
freeze-poison = Les paiements ont été suivis dans l’ordre de la chaîne. Tout paiement issu d’un avoir où quelque chose était volé compte comme volé en entier ; les sommes peuvent donc dépasser ce qui a été volé.
freeze-tiho = Les paiements ont été suivis dans l’ordre de la chaîne. Dans chaque transaction, ce qui est volé va d’abord aux sorties les plus élevées (taint in, highest out).
freeze-outputs = Sur Bitcoin, une transaction dépense des sorties entières et en crée de nouvelles : le suivi va de sortie en sortie. Ce qui est dépensé est rangé dans l’ordre des entrées, ce qui est payé dans l’ordre des sorties, les frais en dernier.
freeze-assume-order = Un paiement ne déplace que ce qui était arrivé avant lui. Les montants sont exacts, à la plus petite unité près.
freeze-assume-service = Le suivi s’arrête à l’entrée d’un service. Ce qu’un service paie ensuite n’est pas suivi.
freeze-assume-label = Que ces adresses soient les vôtres, voici qui le dit : { $sources }. Si c’est faux, dites-le-nous.
freeze-assume-until = Les paiements jusqu’au { $until } (UTC) ont été examinés.
freeze-ground = Base juridique
freeze-no-order = Aucune décision d’un tribunal ou d’une autorité n’accompagne cette demande. Elle vous prie d’agir selon vos conditions et votre droit, en attendant.
freeze-who = Qui demande
freeze-contact = Veuillez répondre à : { $contact }
freeze-genuine = Le troisième fichier est signé avec la clé { $key } et porte le SHA-256 de ce document. Demandez la clé par une autre voie que celle de cet envoi.
freeze-when = Quand (UTC)
freeze-payment = Transaction, de qui à qui
freeze-amount = Montant
freeze-tainted = Dont volé
freeze-more = { $count ->
    [one] Un de plus figure dans le fichier JSON.
   *[other] { $count } de plus figurent dans le fichier JSON.
}
freeze-subject = [{ $tlp }] Demande de gel d’actifs virtuels volés : { $case }, n° { $number }, à { $service }
freeze-mail = Des actifs virtuels volés ({ $case }) sont arrivés à des adresses indiquées comme étant les vôtres. Veuillez geler : { $amount }.
freeze-attached = Sont joints la demande en document, la même pour les programmes (JSON) avec chaque paiement, et la signature.

ask = Demande : ceci peut-il aller plus loin ?
ask-text = { $asker } vous demande de laisser { $object } aller plus loin. Vous l’avez partagé dans le cercle { $circle }.
ask-a-member = Un membre
ask-to-circle = L’objet irait aussi dans le cercle { $circle }.
ask-tlp = Il serait marqué { $tlp }.
ask-source = Il irait sous forme d’une copie qui ne dit pas qui l’a partagé.
ask-why = Pour quoi faire : { $why }
ask-link = Répondez ici, une seule fois et sans vous connecter, jusqu’au { $date } (UTC) : { $url }
ask-page = Ou connectez-vous ; vous y voyez aussi l’objet : { $url }
ask-yes = Oui, comme demandé
ask-less = Oui, mais seulement ceci :
ask-no = Non
ask-say = Ce que vous voulez ajouter
ask-unchanged = Marquage inchangé
ask-once = La première réponse vaut, et ce qu’elle permet est fait aussitôt.
ask-thanks-yes = Merci. C’est fait.
ask-thanks-no = Merci. Rien ne va plus loin.
ask-thanks-failed = Votre réponse est conservée, mais un cercle n’a pas pris l’objet : { $why }
ask-used-text = Une réponse a déjà été donnée, et la première vaut.
ask-over-text = Le délai de réponse est passé. La demande peut être faite à nouveau.
ask-fault-gone = L’objet a été retiré, révoqué ou a expiré : il ne reste que le non.
ask-fault-circle = Ce cercle n’est plus en vigueur, ou vous ne pouvez pas y partager. Dites non, ou permettez autre chose.
ask-fault-less = Ce n’est pas moins que ce qui est demandé. Prenez un marquage intermédiaire, ou laissez le cercle de côté.
ask-fault-choice = Dites oui, oui en partie, ou non.
ask-fault-other = Cela ne peut pas être diffusé ainsi : { $why }
ask-told-yes = Ce que vous avez demandé est permis
ask-told-less = Ce que vous avez demandé est permis en partie
ask-told-no = Ce que vous avez demandé n’est pas permis
ask-told-text = Vous avez demandé de laisser { $object }, du cercle { $circle }, aller plus loin.
ask-told-failed = C’était permis, mais un cercle n’a pas pris l’objet.
ask-told-said = Ajouté à la réponse : { $said }
ask-told-page = Pour en savoir plus, connectez-vous : { $url }

call-subject-drill = Exercice : veuillez répondre
call-subject-emergency = URGENCE : veuillez répondre maintenant
call-drill = Ceci est un exercice ; il ne s’est rien passé. { $caller } vérifie que les points de contact de { $circle } sont joignables.
call-emergency = Ceci n’est pas un exercice. { $caller } appelle les points de contact de { $circle }.
call-deputy = Vous êtes sollicité comme suppléant : le contact précédent n’a pas répondu dans le délai convenu.
call-link = Répondez ici sans vous connecter ; le lien fonctionne une seule fois, jusqu’au { $until } (UTC) : { $link }
call-term = Veuillez répondre dans les { $minutes } min. Ensuite, votre suppléant sera sollicité.
call-title-drill = Un exercice
call-title-emergency = Une urgence
call-name = Votre nom
call-text = Votre réponse
call-send = Répondre
call-thanks-text = Votre réponse est enregistrée. Vous pouvez fermer cette page.
call-used-text = Une réponse est déjà arrivée par ce lien, et il ne fonctionne qu’une fois. Pour en dire plus, appelez la personne qui a posé la question.
call-over-text = Le délai de réponse est passé, ou l’appel est terminé.
call-fault-name = Veuillez écrire votre nom, sur une ligne.
