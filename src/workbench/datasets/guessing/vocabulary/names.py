"""What files call the columns of canonical tables, in several languages: a data table, and nothing else.

Patterns are matched against whole names as `plain` has them (`CustomerID`, `customer_id`, `Customer-ID (UTC)`: all are
"customer id"); those that come first are preferred.
"""

import re
import unicodedata
from collections.abc import Mapping

_BRACKETS = re.compile(r"[(\[（【][^()\[\]（）【】]{1,16}[)\]）】]")  # a unit, a zone


def plain(header: str) -> str:
    """A name without its dress: small letters, single blanks, no unit in brackets.

    Parameters
    ----------
    header
        As it stands in the file.

    Examples
    --------
    >>> plain("CustomerID"), plain("Start Date (UTC)"), plain("Kunden-Nr."), plain("订单 编号"), plain("Betrag (€)")
    ('customer id', 'start date', 'kunden nr', '订单编号', 'betrag')
    """
    text = _BRACKETS.sub("", unicodedata.normalize("NFKC", header))
    text = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", " ", text)
    text = re.sub(r"[\s_.\-/:#?!*]+", " ", text).strip().casefold()
    return re.sub(r"(?<=[\u3040-\u9fff]) (?=[\u3040-\u9fff])", "", text)


_ID = r"( ?(id|ids|no|nr|num|number|code|key|ref|uuid))?"
_CUSTOMER = (
    rf"(customer|client|user|household|member|account|subscriber|buyer|shopper|cust|guest|patient){_ID}",
    r"(kunden?|mitglieds?|nutzer|teilnehmer)( ?(id|nr|no|nummer|kennung))?|kd ?(id|nr|no|nummer)",
    r"((id|n|no|nº|n°|num|numero|numéro|número|code|código|codigo|codice|identifiant) ?)?((du?|del?|della|"
    r"do|da|de la) )?"
    r"(client|cliente|abonné|usuario|usuário|utente|socio|klant|adhérent|klient|klienta)( ?(id|nr|no|nummer))?",
    r"klant ?(nummer|nr|id)|id klienta",
    r"(客户|顾客|用户|会员|买家|客戶|顧客|用戶|會員)(编号|編號|id|号|號|号码|代码|账号|帳號|会员名|昵称)|"
    r"(お客様|顧客|会員)(番号|id)|고객 ?(id|번호)",
)
_ON = r"( ?(date|on|at|day|time))?"
_PERIOD = r"((subscription|contract|plan|membership|policy|service) )?"

NAMES: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "subscriptions": {
        "customer_id": _CUSTOMER,
        "start": (
            rf"{_PERIOD}(start(s|ed)?|begins?|began|begun|activat(ed|ion)|sign ?up){_ON}|valid from",
            r"((vertrags?|abo) ?)?(beginn|start|anfang)( ?datum)?|gültig (ab|von)|aktivierungsdatum",
            r"(date )?(de |d )?(début|debut|souscription|activation)( (du )?contrat)?",
            r"(fecha )?(de )?(inicio|alta|comienzo)( (del )?contrato)?",
            r"(data )?(di )?(inizio|attivazione)( (del )?contratto)?",
            r"(data )?(de )?(início|adesão|ativação)( (do )?contrato)?|begindatum|ingangsdatum|data rozpoczęcia",
            r"(合同|订阅|服务|套餐)?(开始|起始|生效|开通|入网|签约|激活)(日期|时间|日)?|(契約)?開始日|시작일",
        ),
        "end": (
            rf"{_PERIOD}(ends?|ended|terminat(ed|ion)|churn(ed)?|left|clos(ed|e|ing)|deactivat(ed|ion)){_ON}|"
            rf"valid (to|until|till)",
            rf"{_PERIOD}(cancel(l?ed|lation|ation)?|expir(y|es|ed|ation)){_ON}",
            r"((vertrags?|abo) ?)?(ende|kündigung|austritts?)( ?datum)?|enddatum|kündigungsdatum|gültig bis|"
            r"gekündigt am",
            r"(date )?(de |d )?(fin|résiliation|resiliation)( (du )?contrat)?",
            r"(fecha )?(de )?(fin|baja|finalización|término|cancelación)( (del )?contrato)?",
            r"(data )?(di )?(fine|cessazione|disdetta)( (del )?contratto)?",
            r"(data )?(de )?(fim|término|cancelamento)( (do )?contrato)?|einddatum|opzegdatum|data zakończenia",
            r"(合同|订阅|服务|套餐)?(结束|终止|到期|截止|离网|退订|失效|注销|流失)(日期|时间|日)|(契約)?終了日|解約日|"
            r"종료일",
        ),
        "end_reason": (
            r"((end|cancel(lation)?|churn|leaving|exit) )?reason|(kündigungs|end)?grund|motif( (de )?résiliation)?|"
            r"motivo( (de (la )?)?baja)?|(流失|退订|离网|解约)原因|解約理由",
        ),
        "plan": (
            r"(plan|tariff|product|package)( ?(name|type|id))?|(subscription|membership) (plan|type|name)",
            r"tarif|produkt|paket|forfait|offre|formule|tarifa|producto|paquete|tariffa|piano|plano|produto|"
            r"abonnement",
            r"(资费)?套餐(名称|类型)?|产品(名称|类型)?|プラン",
        ),
        "price": (
            r"((monthly|unit|plan|subscription) )?(price|fee|charges?|mrr|amount|rate)|mrr",
            r"(monats?)?(gebühr|preis|beitrag)|grundgebühr|prix( mensuel)?|precio( mensual)?|cuota( mensual)?|"
            r"prezzo|canone( mensile)?|preço|mensalidade|maandbedrag|prijs|cena",
            r"(套餐)?(月费|价格|月租费?|单价|资费|月付|费用)|月額(料金)?|料金|요금",
        ),
    },
    "transactions": {
        "customer_id": _CUSTOMER,
        "order_id": (
            rf"(order|invoice|basket|receipt|transaction){_ID}",
            r"(purchase|payment|charge|sale|booking) ?(id|no|nr|number)",
            r"(bestell|rechnungs?|auftrags?|beleg)( ?(nr|nummer|id))|"
            r"((n|nº|n°|num|numero|numéro|número|id) ?)?((de (la )?|del? |d )?)(commande|pedido|ordine|factura|"
            r"facture|fattura|encomenda)( id)?|"
            r"(bestel|order)nummer",
            r"(订单|交易|发票|流水|訂單)(编号|編號|号|號|号码|id|流水号)|注文(番号|id)|주문번호",
        ),
        "timestamp": (
            r"(order|invoice|transaction|purchase|sale|payment|booking)( ?(date|time(stamp)?|day|at|on))|"
            r"ordered (at|on)|purchased (at|on)",
            r"timestamp|date|datetime|time|when|day",
            r"(kauf|bestell|rechnungs|buchungs|auftrags|beleg)?(datum|zeit(punkt)?)|tag|gekauft am|bestellt am",
            r"(date|fecha|data|dia|día) ((de |d |di |da |del |do )?(la )?)(commande|achat|facture|compra|pedido|"
            r"ordine|acquisto|encomenda|venta|vente)",
            r"fecha|data|(order|bestel|aankoop|factuur)datum|data zamówienia",
            r"(created|placed|paid|processed|completed)( (at|on|date|time))?",
            r"(订单)?(下单|创建|付款|支付|成交|交易|购买)(时间|日期)|订单(时间|日期)|日期|时间|注文日時?|購入日|"
            r"주문일자?",
        ),
        "amount": (
            r"(amount|amt|revenue|turnover|sales( value)?|net (amount|sales|revenue)|(order|transaction|payment|"
            r"invoice) (amount|total|value|revenue))",
            r"(grand |order )?total( (price|amount|paid|sales|spend))?|spend|amount paid|paid( amount)?|"
            r"gross (amount|sales)|sales amount|amount [a-z]{3}|revenue [a-z]{3}|amt [a-z]{3}",
            r"(gesamt|rechnungs|bestell|zahl)?(betrag|umsatz|summe)|bestellwert|rechnungsbetrag|gesamtpreis|"
            r"betrag [a-z]{3}|umsatz [a-z]{3}",
            r"montant( (ttc|ht|total|payé))?|importe( total)?|monto( total)?|importo( totale)?|totale|montante|"
            r"valor( total)?|bedrag|totaalbedrag|omzet|kwota",
            r"(买家)?(实际支付|实付|实收|支付|付款)(金额|款)|(订单|交易|成交|消费|总)?(金额|总额|总价)|销售额|(買上|"
            r"購入)?金額|売上|금액",
            r"value|price|preis|prix|precio|prezzo|preço|prijs|价格|価格",
        ),
        "margin": (r"(gross )?margin|marge|deckungsbeitrag|margen|margine|毛利",),
        "category": (
            r"(product )?(category|department)|(waren|artikel)gruppe|kategorie|catégorie|categoría|categoria|"
            r"(商品)?(类目|品类|类别|分类)|カテゴリ",
        ),
        "channel": (
            r"((sales|order|purchase|buying) )?channel|(verkaufs|bestell)?kanal|canal( (de )?(vente|venta))?|渠道",
        ),
        "product": (
            r"(product|article|item|sku)( ?(id|name|no|nr|code|number))?|(produkt|artikel)( ?(name|nr|nummer))?|"
            r"produit|producto|prodotto|produto|(商品|产品)(名称|编号)?",
        ),
    },
    "usage": {
        "customer_id": _CUSTOMER,
        "timestamp": (
            r"timestamp|((usage|event|activity|login|reading) )?(date|time|month|week|day)|datum|monat|tag|mois|mes|"
            r"mese|fecha|data|日期|时间|月份",
        ),
        "known_at": (r"known( at)?|loaded( at)?|recorded( at)?",),
        "measure": (
            r"(usage )?(measure|metric|counter|indicator|kpi)( ?(name|type))?|usage type|feature|messgröße|kennzahl|"
            r"indicateur|indicador|indicatore|métrica|指标(名称)?",
        ),
        "value": (r"((usage|metric|measure) )?(value|count|quantity|reading)|wert|anzahl|valeur|valor|valore|数值|值",),
    },
    "lifetimes": {
        "customer_id": (*_CUSTOMER, r"employee( ?(id|no|number|nr))?|(subject|person|patient) ?(id|no)?|personal ?nr"),
        "duration": (
            r"(duration|tenure|stag|lifetime|survival( time)?|customer lifetime|account (age|length)|"
            r"(subscription|contract) (length|duration))"
            r"( (in )?(months?|days?|weeks?|years?|mths?))?",
            r"(tenure|months|time) (at|to) (end|exit|last seen)|tstop|t stop|stop|exit( time)?",
            r"(months|days|weeks|years)( (as (a )?)?(customer|member|active|on book|in service|subscribed|"
            r"employed|stayed))?|time|week|fu ?time|follow ?up( time)?",
            r"(vertrags|kunden)?(dauer|laufzeit)( in (tagen|wochen|monaten|jahren))?|monate|ancienneté|durée|"
            r"antigüedad|permanencia|duración|durata|anzianità|looptijd",
            r"(在网|使用|存续|服务|订阅|入网|会员)?(时长|月数|天数|月份数|年限)|継続(月数|期間|日数)|利用(期間|月数)",
        ),
        "event": (
            r"(is |has )?(event|churn(ed)?|left|lost|cancell?ed|attrition|exited|departed|terminated|dead|died|"
            r"gone|lapsed|deactivated|quit)"
            r"( (flag|label|status|ind(icator)?|yn|y n|customer))?|churn( (value|flag|label|status))?",
            r"gekündigt|abgewandert|kündigung|ausgeschieden|résilié|parti|desabonné|désabonné|baja|abandono|"
            r"cancelado|abbandono|perso|disdetto|opgezegd|vertrokken|churner",
            r"(是否)?(已)?(流失|离网|离职|退订|解约|注销)(标志|标识|状态|用户|客户)?|解約(フラグ|済み)?|이탈(여부)?",
        ),
        "entry": (r"entry( time)?|(tenure|months|time) (at|to) (start|entry|begin(ning)?)|tstart|t start|start|enter",),
        "reason": (r"((end|churn|leaving|exit|cancel(lation)?) )?reason|kündigungsgrund|(流失|离网)原因",),
    },
    "interactions": {
        "customer_id": _CUSTOMER,
        "timestamp": (
            r"timestamp|(call|contact|ticket|opened|created|event|case|chat)( ?(date|time(stamp)?|at|on))|date|"
            r"time",
            r"(kontakt|anruf|ticket)(datum|zeit(punkt)?)|datum|zeit(punkt)?|(来电|联系|工单|通话|咨询)(时间|日期)",
        ),
        "touchpoint": (r"touch ?point",),
        "channel": (r"(contact )?channel|kanal|canal|(联系|接触|来电)?渠道",),
        "kind": (r"((contact|ticket|call|case) )?(kind|type|topic)|anliegen|工单类型|问题类型",),
        "outbound": (r"(is )?out(bound|going)( (call|contact))?|ausgehend|sortant|saliente|呼出",),
        "minutes": (r"minutes|duration min(utes)?|handling ?(time|minutes)|minuten|通话分钟数?",),
        "complaint": (r"(is )?complaint|beschwerde|是否投诉",),
        "resolved_first_contact": (
            r"(resolved )?first contact( resol(ved|ution))?|resolved first contact|fcr|erstlösung|首次解决",
        ),
        "team": (r"team|agent team|(service |support )?(desk|unit)|équipe|equipo|班组|团队",),
    },
    "initiatives": {
        "initiative": (r"(initiative|project|measure)( ?(id|name))?|ma(ß|ss)nahme|projekt|iniciativa|举措(名称)?",),
        "driver": (r"driver|treiber|item",),
        "touchpoint": (r"touch ?point|kontaktpunkt",),
        "expected_lift": (r"(expected )?lift|erwartete (wirkung|verbesserung)",),
        "lift_sd": (r"lift (sd|se|standard (deviation|error))",),
        "fixed_cost": (r"fixed costs?|fixkosten|einmalkosten",),
        "cost_per_customer": (r"costs? per customer|unit costs?|kosten (pro|je) kunde",),
        "reach": (r"reach|reichweite",),
        "cost_per_month": (r"costs? per month|monthly costs?|kosten (pro|je) monat",),
        "start": (r"start( month)?|beginn",),
        "ramp_months": (r"ramp( months)?",),
        "half_life_months": (r"half life( months)?|halbwertszeit",),
    },
    "treatments": {
        "customer_id": _CUSTOMER,
        "initiative": (
            r"(initiative|campaign|experiment|pilot)( ?(id|name))?|kampagne|aktion|ma(ß|ss)nahme|campagne|campaña|"
            r"活动(名称)?",
        ),
        "arm": (
            r"(arm|variant|treatment|treated|segment|cell|((test|experiment(al)?|treatment) )?group)|"
            r"gruppe|variante|testgruppe|groupe|grupo|gruppo|分组|实验组",
        ),
        "start": (
            rf"(start(ed)?|begin|began|from|assigned|treated|enrol?led|since){_ON}|von|ab|beginn|start ?datum|début|du|"
            r"inicio|desde|inizio|dal|início|开始(日期|时间)?",
        ),
        "end": (rf"(end(ed)?|until|till|to){_ON}|bis|ende|end ?datum|fin|au|hasta|fine|al|fim|结束(日期|时间)?",),
        "cost": (r"cost|kosten|coût|coste|costo|custo|成本",),
    },
    "surveys": {
        "response_id": (
            r"(response|resp|answer|respondent|submission|questionnaire)( ?(id|no|num|number|nr))?",
            r"(antwort|fragebogen|teilnahme) ?(id|nr)|(id|n°) (de )?réponse|id (de )?respuesta",
            r"(答卷|问卷|答复|回答|答题|样本|問卷)(编号|編號|序号|id|号)|回答(番号|id)|序号",
            r"id",
        ),
        "customer_id": _CUSTOMER,
        "timestamp": (
            r"timestamp|(response|survey|answer(ed)?|interview|submit(ted)?|submission|complet(ed|ion)|"
            r"record(ed)?)( ?(date|time(stamp)?|at|on))",
            r"end( ?(date|time))",
            r"start( ?(date|time))",
            r"date|datum|(antwort|befragungs|umfrage)datum|fecha|data",
            r"(提交|答题|填写|完成|回答|作答|调查)(答卷)?(时间|日期)|日期|時間|回答日時?",
        ),
        "weight": (r"weight|wt|weighting|gewicht|gewichtung|poids|ponderación|peso|权重|加权|ウェイト",),
    },
    "customers": {
        "customer_id": (*_CUSTOMER, "id"),
        "team": (r"((account|care|service|sales) )?team|betreuungs ?team|équipe|equipo|团队",),
        "opt_out": (
            r"(opt(ed)? ?out|do not (contact|call|mail)|no contact|unsubscribed)( (flag|marketing))?|"
            r"werbe(sperre|widerspruch)|kontaktsperre|(退订|拒绝)(营销|联系)",
        ),
    },
}
# The begin of a contract where its end stands beside; alone it is an attribute of a customer.
JOINED = (
    r"((date )?join(ed|ing)?|(date )?registered|registration|enroll?(ed|ment)|member since|customer since|hired?)"
    r"( ?(date|on|at))?|(eintritt|beitritt|anmeldung|registrierung)s?( ?datum)?|(mitglied|kunde) seit|"
    r"(date )?(d )?(inscription|adhésion|entrée)|(fecha )?(de )?(registro|inscripción|ingreso)|"
    r"(注册|加入|入会|入职)(日期|时间)"
)
# Names of a truth that says the opposite of leaving, and of a status whose words say which.
STILL_HERE = (
    r"(is |still )?(active|retained|current|subscribed|here|alive)( (flag|customer|user|status))?|aktiv|"
    r"actif|activo|"
    r"ativo|attivo|actief|(是否)?(在网|活跃|留存|在职)(标志|状态)?"
)
STATUS = (
    r"((customer|account|subscription|contract|client|member|churn) )?status|(kunden|vertrags)?status|"
    r"statut|estado|stato|"
    r"situação|((客户|用户|在网|账户|订阅|会员)?状态)|ステータス|状態"
)
# A column of times, whatever it is called in full.
TEMPORAL = re.compile(
    r"(?i)(^|[^a-z])(date|time|timestamp|datetime|day|when|start|end|begin|since|until|from|to|at|on|"
    r"created|updated|opened|"
    r"closed|joined|registered|signup|born|expiry|datum|beginn|ende|tag|fecha|data|début|fin|inicio|"
    r"inizio|fine)([^a-z]|$)|"
    r"(date|datum|time|beginn|ende|start)$|日期|时间|时刻|日時|開始日|終了日|年月"
)
