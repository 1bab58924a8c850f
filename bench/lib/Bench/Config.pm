package Bench::Config;
# Bench::Config - the configuration files of the servers: equal conditions, nothing shared, loopback only
#
# Both of the Cyrus family get the same imapd.conf and cyrus.conf: a sasldb with the same users, no
# quota roots, duplicate suppression on, mail that is expunged or deleted goes at once, as in Dovecot.
# Dovecot has its login processes serve many connections each, which is its fast way; passwords
# come from a passwd-file.  Everything else is left at the defaults of the programs.
use strict;
use warnings;
use Exporter qw(import);
use File::Path qw(make_path);
use Bench::Drive qw($PASSWORD);
use Bench::File qw(slurp spew);

our @EXPORT_OK = qw(cyrus_config dovecot_config);

# The same password data base for both of the Cyrus family.
sub make_sasldb {
    my ($server) = @_;
    my $db = "$server->{dir}/conf/sasldb2";
    return if -s $db && -s "$db.users" && slurp("$db.users") eq "@{ $server->{users} }";
    unlink $db;
    for my $user ('cyrus', @{ $server->{users} }) {
        open my $p, '|-', 'saslpasswd2', '-p', '-c', '-f', $db, '-u', 'localhost', $user
            or die "saslpasswd2: $! (Debian package sasl2-bin)\n";
        print {$p} $PASSWORD;
        close $p or die "saslpasswd2 failed for $user\n";
    }
    spew("$db.users", "@{ $server->{users} }");
}

# Configuration of the Cyrus family; returns the command that starts it.
sub cyrus_config {
    my ($server) = @_;
    my ($dir, $account) = @$server{qw(dir account)};
    make_path(map { "$dir/$_" } qw(spool conf), map { "conf/$_" } qw(db log msg proc socket lock sieve quota user));
    make_sasldb($server);
    spew("$dir/imapd.conf", <<"EOT");
configdirectory: $dir/conf
partition-default: $dir/spool
defaultpartition: default
sievedir: $dir/conf/sieve
servername: localhost
cyrus_user: $account->{name}
cyrus_group: $account->{group}
admins: cyrus
allowplaintext: yes
sasl_pwcheck_method: auxprop
sasl_auxprop_plugin: sasldb
sasl_sasldb_path: $dir/conf/sasldb2
sasl_mech_list: PLAIN
duplicatesuppression: yes
delete_mode: immediate
expunge_mode: immediate
EOT
    my $command = sub {
        my ($program, $more) = @_;
        'cmd="' . $server->program($program) . " -C $dir/imapd.conf$more\"";
    };
    my $listen = sub { my ($protocol) = @_; 'listen="127.0.0.1:' . $server->port($protocol) . '"' };
    spew("$dir/cyrus.conf", <<"EOT");
START {
  recover @{[$command->('ctl_cyrusdb', ' -r')]}
  idled   @{[$command->('idled', '')]}
}
SERVICES {
  imap @{[$command->('imapd', '')]} @{[$listen->('imap')]} prefork=4 maxchild=-1
  pop3 @{[$command->('pop3d', '')]} @{[$listen->('pop3')]} prefork=2 maxchild=-1
  lmtp @{[$command->('lmtpd', ' -a')]} @{[$listen->('lmtp')]} prefork=4 maxchild=-1
}
EVENTS {
  checkpoint @{[$command->('ctl_cyrusdb', ' -c')]} period=30
}
EOT
    return ($server->program('master'), '-C', "$dir/imapd.conf", '-M', "$dir/cyrus.conf", '-p', "$dir/master.pid");
}

# Configuration of Dovecot; returns the command that starts it.
sub dovecot_config {
    my ($server) = @_;
    my ($dir, $account, $peer) = @$server{qw(dir account unpacked)};
    my $lib = $peer->root . '/usr/lib/dovecot';
    my $env = 'LD_LIBRARY_PATH=' . $peer->library_path;
    make_path("$dir/run", "$dir/users");
    unlink "$dir/run/modules";
    symlink "$lib/modules", "$dir/run/modules" or die "$dir/run/modules: $!\n";
    spew("$dir/passwd", join '', map { "$_:$PASSWORD\n" } @{ $server->{users} });
    my %extra = (imap => 'process_min_avail = 2', pop3 => '');
    my $login = join '', map { <<"EOT" } qw(imap pop3);
service $_-login {
  chroot =
  service_count = 0
  client_limit = 8000
  $extra{$_}
  inet_listener $_ {
    address = 127.0.0.1
    port = @{[$server->port($_)]}
  }
  inet_listener ${_}s {
    port = 0
  }
}
service $_ {
  process_limit = 4096
}
EOT
    spew("$dir/dovecot.conf", <<"EOT");
base_dir = $dir/run
state_dir = $dir/run
instance_name = $server->{name}
libexec_dir = $lib
mail_plugin_dir = $lib/modules
import_environment = TZ $env
log_path = $dir/log
protocols = imap pop3 lmtp
listen = 127.0.0.1
ssl = no
disable_plaintext_auth = no
auth_mechanisms = plain
default_login_user = $account->{name}
default_internal_user = $account->{name}
default_internal_group = $account->{group}
default_client_limit = 20000
default_process_limit = 4096
first_valid_uid = 1
first_valid_gid = 1
mail_location = $server->{location}
mail_max_userip_connections = 10000
postmaster_address = postmaster\@bench.example
passdb {
  driver = passwd-file
  args = scheme=PLAIN username_format=%u $dir/passwd
}
userdb {
  driver = static
  args = uid=$account->{name} gid=$account->{group} home=$dir/users/%u allow_all_users=yes
}
namespace inbox {
  inbox = yes
  separator = /
  prefix =
}
service anvil {
  chroot =
}
service lmtp {
  user = $account->{name}
  inet_listener lmtp {
    address = 127.0.0.1
    port = @{[$server->port('lmtp')]}
  }
}
$login
EOT
    # the master would look for doveconf in /usr/bin: start it the other way round
    return ($peer->program('doveconf'), '-c', "$dir/dovecot.conf", '-m', 'master', '-p', '-e',
        $peer->program('dovecot'), '-F', '-c', "$dir/dovecot.conf");
}

1;
