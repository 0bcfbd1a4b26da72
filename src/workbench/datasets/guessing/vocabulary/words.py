"""Words that stand for gaps, truths, leaving and staying, in several languages: data tables, and nothing else."""


def _words(text: str) -> frozenset[str]:
    """The words of a table, a comma between each."""
    return frozenset(word for word in (" ".join(each.split()) for each in text.split(",")) if word)


# Always a gap: no name, place or answer is called so.
GAPS = _words(
    """
    n/a, #n/a, <na>, null, nil, nan, (null), (blank), blank, (none), #null!, #value!, -, --, ---, ., ?, ??,
    unknown, not available, not stated, no data, k.a., k. a., keine angabe, unbekannt, inconnu, desconocido, 未知,
    无数据, 缺失, (leer), (empty), empty, missing, n.a.
    """
) | {"\\n"}
# A gap in most files, a name in some: North America, no add-on. Counts and company decide.
MAYBE_GAPS = _words(
    """
    na, none
    """
)
# A question that did not apply, among the answers of a survey.
NOT_APPLICABLE = _words(
    """
    n/a, n.a., na/nicht zutreffend, nicht zutreffend, not applicable, does not apply, doesn't apply, never used, not
    used, did not use, have not used, no experience, trifft nicht zu, entfällt, nicht genutzt, sans objet, non
    applicable, ne s'applique pas, no aplica, no procede, non applicabile, não se aplica, niet van toepassing,
    n.v.t., 不适用, 未使用, 没用过, 該当なし
    """
)
# No answer, among the answers of a survey.
REFUSED = _words(
    """
    prefer not to say, prefer not to answer, prefer not to disclose, rather not say, refused, refuse to answer,
    declined, no answer, no response, no opinion, don't know, dont know, do not know, don’t know, not sure, unsure,
    dk, skipped, weiß nicht, weiss nicht, keine antwort, möchte ich nicht sagen, ne sait pas, je ne sais pas, sans
    réponse, no sabe, no sé, no contesta, ns/nc, non so, não sei, weet niet, geen antwoord, 不知道, 不清楚,
    拒绝回答, 不愿透露,
    わからない
    """
)
YES = _words(
    """
    o, s, t, y, yes, true, ja, j, oui, sí, si, sim, da, да, tak, wahr, vrai, verdadero, 是, 有, 对, 真, はい, 예
    """
)
NO = _words(
    """
    f, n, no, false, nein, non, não, nao, nee, нет, nie, falsch, faux, falso, 否, 无, 没有, 不是, 假, いいえ, 아니요
    """
)
# Of customers who have gone.
LEFT = _words(
    """
    cancelled, canceled, lost, churn, churned, left, gone, terminated, expired, closed, ended, lapsed, quit, exited,
    departed, inactive, deactivated, unsubscribed, attrited, attrited customer, lost customer, dead, died, deceased,
    event, stopped, former, ex-customer, churner, gekündigt, abgewandert, verloren, inaktiv, ausgeschieden, beendet,
    ehemalig, résilié, resilié, résiliée, parti, partie, perdu, inactif, désabonné, perdido, baja, cancelado,
    inactivo, dado de baja, abandonó, inativo, perso, disdetto, cessato, inattivo, abbandonato, opgezegd,
    vertrokken, inactief, 流失, 已流失, 离网, 已离网, 退订, 已退订, 注销, 已注销, 已解约, 离职, 流失客户,
    不活跃, 解約, 解約済み, 退会, 이탈
    """
)
# Of customers who are still there.
STAYED = _words(
    """
    active, retained, stayed, current, kept, existing, existing customer, alive, live, censored, open, ongoing,
    running, subscribed, still here, not churned, no churn, non-churn, non-churner, loyal, remained, continuing,
    renewed, aktiv, bestehend, geblieben, laufend, actif, fidèle, resté, activo, activa, vigente, ativo, attivo,
    rimasto, actief, gebleven, 在网, 未流失, 留存, 活跃, 未离网, 正常, 在职, 未退订, 续约, 未流失客户, 契約中,
    継続, 継続中, 유지
    """
)
# Of orders that came to nothing.
UNDONE = _words(
    """
    cancelled, canceled, returned, refunded, void, voided, failed, rejected, declined, charged back, chargeback,
    storniert, retourniert, erstattet, zurückgeschickt, abgebrochen, annulé, annulée, retourné, retournée, remboursé,
    remboursée, cancelado, cancelada, devuelto, devuelta, reembolsado, annullato, reso, rimborsato, devolvido,
    geannuleerd, geretourneerd, 已取消, 取消, 已退款, 退款, 已退货, 退货, 交易关闭, キャンセル, 返品
    """
)
# What a row that adds the others up begins with.
TOTALS = _words(
    """
    total, totals, sum, summe, gesamt, gesamtsumme, insgesamt, somme, totale, totales, suma, totaal, razem,
    合计, 总计,
    小计, 总和, 合計, 計, 小計, grand total, total general, total général, totale generale
    """
)
# Titles of sheets that tell of the data.
ABOUT = _words(
    """
    about, readme, read me, info, notes, note, legend, dictionary, dict, data dict, description, metadata, glossary,
    help, cover, hinweise, erläuterung, legende, lisez-moi, léeme, 说明, 备注, 字段说明, 数据字典, 目录, contents
    """
)
