# imap_language.t - LANGUAGE: which there are, which is chosen, and what is refused
# rfc: 5255 LANGUAGE
# covers: IM-01
use strict;
use warnings;
use Test::More;
use Halcyon::Test;

sub answer { my ($r) = @_; return join ' | ', @{ $r->{untagged} }, "$r->{status} $r->{text}" }
my $i = Halcyon::Test->new;
$i->create_users('alice');
my $c = Halcyon::Client->imap(port => $i->{port}{imap});
like($c->{greeting}, qr/ LANGUAGE[ \]]/, 'in the greeting');
for my $state ('before login', 'after it', 'in a mailbox') {
    $c->login(alice => 'secret') if $state eq 'after it';
    $c->ok('SELECT INBOX') if $state eq 'in a mailbox';
    like(($c->ok('CAPABILITY'))[0], qr/ LANGUAGE(?: |$)/, "$state: told");
    is(answer($c->cmd('LANGUAGE')), '* LANGUAGE (en i-default) | OK Completed', "$state: which there are");
    for my $row ([ 'en', 'en' ], [ 'EN', 'en' ], [ '"en"', 'en' ], [ 'en-GB', 'en' ], [ 'en-GB-oed', 'en' ], [ 'en-a-xyz', 'en' ], [ 'fr-ca EN-CA', 'en' ], [ 'de "i-default" en', 'i-default' ],
        [ 'default', 'i-default' ], [ '"default"', 'i-default' ], [ '"*"', 'i-default' ], [ '"en-*"', 'en' ], [ 'mul I-Default', 'i-default' ]) {
        is(answer($c->cmd("LANGUAGE $row->[0]")), "* LANGUAGE ($row->[1]) | OK Completed", "$state: LANGUAGE $row->[0]");
    }
    is(answer($c->cmd('LANGUAGE ', \'en-CA')), '* LANGUAGE (en) | OK Completed', "$state: a literal");
    is(answer($c->cmd("LANGUAGE $_")), 'NO Unsupported language', "$state: $_ is not there") for 'MUL', 'de', 'DE-IT', 'e', 'eng', 'i', 'i-klingon', 'de fr', 'x-en';
    is($c->cmd("LANGUAGE $_")->{status}, 'BAD', "$state: \"$_\" is no range") for '""', '"e n"', '-en', 'en-', 'e1', '123456789', 'abcdefghi', 'en--gb', '(en)', "\"\xc3\xa4\"", 'en ', 'en fr-', '*';
}
is(answer($c->cmd('NAMESPACE')), '* NAMESPACE (("INBOX." ".")) (("user." ".")) (("" ".")) | OK Completed', 'no translations of namespaces: they are in English');
is($i->faults, '', 'no process reported a fault');
$i->stop;
done_testing;
